/*
    Flame, also called sKyWIper (2012): spies, and spreads on USB sticks too. Nearly all of its
    text is encrypted; the names by which it keeps two copies from running are not. Looks at the
    beginning of a file.
*/

rule flame_program
{
    meta:
        id = "flame_program"
        family = "flame"
        title_ja = "Flame（諜報・USB感染）"
        title_en = "Flame (spies, spreads on USB sticks)"
        description_ja = "情報を盗むプログラムで、USBメモリでも広がります。"
        description_en = "Steals information and spreads on USB sticks too."
        reference = "CrySyS Lab, sKyWIper (a.k.a. Flame a.k.a. Flamer): A complex malware for targeted attacks (2012-05-31); Microsoft, Worm:Win32/Flame.gen!A (2012)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Beginnings of its mutexes.
        $mutex_1 = "TH_POOL_SHD_" wide
        $mutex_2 = "UPDT_SYNC_MTX_TME" wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        all of them
}
