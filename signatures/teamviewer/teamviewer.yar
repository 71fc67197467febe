/*
    TeamViewer: an ordinary product for remote control. In 2021 somebody used it at a waterworks
    in Oldsmar, Florida, to change the dosing of lye. It is no malware: the rule says that it is
    there. Looks at the beginning of a file.
*/

rule teamviewer_program
{
    meta:
        id = "teamviewer_program"
        family = "teamviewer"
        title_ja = "遠隔操作ソフト TeamViewer"
        title_en = "Remote control: TeamViewer"
        description_ja = "遠隔操作ソフトです。2021年に米国の浄水場で不正な操作に使われました。現場で使う予定があるか確認してください。"
        description_en = "Remote control software. In 2021 it was used to tamper with a waterworks in the USA. Ask whether it is meant to be used here."
        reference = "CISA, AA21-042A: Compromise of U.S. Water Treatment Facility (2021-02-11)"
        tier = "notice"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Entries of the version resource as it lies in the file: key, zero, value.
        $company = "CompanyName\x00\x00TeamViewer" wide
        $product = "ProductName\x00\x00TeamViewer" wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        any of them
}
