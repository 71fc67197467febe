/*
    Shamoon (2012, 2016) and its followers Dustman and ZeroCleare (2019): overwrite disks
    through the RawDisk driver, an ordinary product, with a licence key that only they carry.
    Looks at the beginning of a file.
*/

rule shamoon_wiper
{
    meta:
        id = "shamoon_wiper"
        family = "shamoon"
        title_ja = "Shamoon系（ディスク破壊）"
        title_en = "Shamoon and followers (destroy disks)"
        description_ja = "ディスクを上書きして破壊するプログラムです。2012年に石油会社のコンピューター3万台を壊しました。"
        description_en = "Overwrites disks. In 2012 it destroyed 30,000 computers of an oil company."
        reference = "Symantec, The Shamoon Attacks (2012-08-16); Saudi National Cybersecurity Authority, Destructive Attack DUSTMAN Technical Report (2019-12)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The path under which the first was built.
        $path = "\\ArabianGulf\\wiper\\release\\wiper.pdb" ascii nocase
        // The driver's names, and the licence key with which they open it.
        $driver_1 = "ElRawDisk" ascii wide nocase
        $driver_2 = "\\RawDisk3" ascii wide nocase
        $licence = "b4b615c28ccd059cf8ed1abf1c71fe03c0354522990af63adf3c911e2287a4b906d47d" ascii wide nocase

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        ($path or ($licence and any of ($driver_*)))
}
