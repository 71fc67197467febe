/*
    Industroyer2 (2022): one program for IEC 104 alone, with its settings in it as plain text.
    Looks at the beginning of a file.
*/

rule industroyer2_program
{
    meta:
        id = "industroyer2_program"
        family = "industroyer2"
        title_ja = "Industroyer2（電力設備の操作）"
        title_en = "Industroyer2 (operates power equipment)"
        description_ja = "変電所の遮断器を操作する通信を送るプログラムです。2022年にウクライナの電力会社で使われました。"
        description_en = "Sends commands that open and close breakers of substations. Used against a Ukrainian energy company in 2022."
        reference = "ESET, Industroyer2: Industroyer reloaded (2022-04-12); Nozomi Networks, Industroyer vs. Industroyer2: Evolution of the IEC 104 Component (2022)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The plant programs that it ends and renames, and the folder of one of them.
        $target_1 = "PService_PPD.exe" wide
        $target_2 = "PServiceControl.exe" ascii wide
        $folder = "D:\\OIK\\DevCounter" wide
        // What it writes to the console about each packet.
        $line_1 = "ASDU:%u | OA:%u | IOA:%u | " ascii
        $line_2 = "Cause: %s (x%X) | Telegram type: %s (x%X)" ascii
        $line_3 = "MSTR ->> SLV" ascii

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 2MB and
        3 of them and
        any of ($target_*, $folder)
}
