/*
    INCONTROLLER, also called PIPEDREAM (2022): tools for attacking several makes of
    controllers. Its controller tools were never published, so that nothing can be said about
    them here. One of its Windows tools brings a known vulnerable driver along; the driver alone
    is also part of ordinary mainboard software, hence only a notice. Looks at the beginning of
    a file.
*/

rule incontroller_asrock_driver
{
    meta:
        id = "incontroller_asrock_driver"
        family = "incontroller"
        title_ja = "弱点のあるASRockドライバー（INCONTROLLERが悪用）"
        title_en = "Vulnerable ASRock driver (misused by INCONTROLLER)"
        description_ja = "マザーボード用ソフトの古いドライバーで、弱点（CVE-2020-15368）があります。プラント攻撃用ツールINCONTROLLERが悪用します。"
        description_en = "An old driver of mainboard software with a known weakness (CVE-2020-15368). The attack tools INCONTROLLER use it."
        reference = "CISA, AA22-103A: APT Cyber Tools Targeting ICS/SCADA Devices (2022-04-13)"
        tier = "notice"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The driver's name for its users, and the path under which it was built.
        $name = "\\AsrDrv103" wide nocase
        $path = "AsrDrv103.pdb" ascii nocase

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        any of them
}
