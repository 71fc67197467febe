/*
    AnyDesk: an ordinary product for remote control, which ransomware groups bring along. It is
    no malware: the rule says that it is there. Looks at the beginning of a file.
*/

rule anydesk_program
{
    meta:
        id = "anydesk_program"
        family = "anydesk"
        title_ja = "遠隔操作ソフト AnyDesk"
        title_en = "Remote control: AnyDesk"
        description_ja = "遠隔操作ソフトです。攻撃者が持ち込むこともあります。現場で使う予定があるか確認してください。"
        description_en = "Remote control software, which attackers bring along too. Ask whether it is meant to be used here."
        reference = "CISA, AA23-025A: Protecting Against Malicious Use of Remote Monitoring and Management Software (2023-01-25)"
        tier = "notice"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The version resource as it lies in the file: key, zeros, value.
        $company = "CompanyName\x00\x00AnyDesk Software GmbH" wide
        $product = "ProductName\x00\x00AnyDesk" wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        any of them
}
