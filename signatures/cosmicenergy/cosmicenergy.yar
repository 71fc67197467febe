/*
    COSMICENERGY (2023): reaches a database server of a grid operator and sends commands of IEC
    104 from there. Its first part is Python in one program, which keeps the names of its
    modules. Looks at the beginning of a file.
*/

rule cosmicenergy_program
{
    meta:
        id = "cosmicenergy_program"
        family = "cosmicenergy"
        title_ja = "COSMICENERGY（電力設備の操作）"
        title_en = "COSMICENERGY (operates power equipment)"
        description_ja = "電力の監視サーバーを経由して遮断器を操作するプログラムです。"
        description_en = "Operates breakers by way of a server of a power grid."
        reference = "Mandiant, COSMICENERGY: New OT Malware Possibly Related To Russian Emergency Response Exercises (2023-05-25)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The program and its module.
        $program = "r3_iec104_control" ascii
        $module = "iec104_mssql_lib" ascii

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 64MB and
        all of them
}
