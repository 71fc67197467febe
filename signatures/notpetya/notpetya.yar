/*
    NotPetya (2017): destroys under the guise of ransomware; it came with an update of
    accounting software and stopped plants all over the world. The program looks at the
    beginning of a file. The start of a disk that it has overwritten is examined as raw sectors,
    so that that rule does not rely on a beginning.
*/

rule notpetya_program
{
    meta:
        id = "notpetya_program"
        family = "notpetya"
        title_ja = "NotPetya（破壊・自己増殖）"
        title_en = "NotPetya (destroys, spreads by itself)"
        description_ja = "ネットワークで広がり、コンピューターを起動できなくするプログラムです。2017年に世界中の工場を止めました。"
        description_en = "Spreads through the network and makes computers unusable. It stopped plants all over the world in 2017."
        reference = "Microsoft, New ransomware, old techniques: Petya adds worm capabilities (2017-06-27); US-CERT, Alert TA17-181A: Petya Ransomware (2017-07-01)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Its own name, where the ransom is to be paid, and commands that it runs.
        $name = "perfc.dat" ascii
        $account = "1Mz7153HMuxXTuR2R1t78mGSdzaAtNbBWX" ascii wide
        $remote = "%s /node:\"%ws\" /user:\"%ws\" /password:\"%ws\" " wide
        $journal = "fsutil usn deletejournal" wide
        $key = "Your personal installation key:" wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 4MB and
        3 of them
}

rule notpetya_disk
{
    meta:
        id = "notpetya_disk"
        family = "notpetya"
        title_ja = "NotPetyaに書き換えられたディスク"
        title_en = "Disk overwritten by NotPetya"
        description_ja = "NotPetyaがディスクの先頭に書き込む画面の文字です。この媒体は感染したコンピューターで書き換えられています。"
        description_en = "The screen texts that NotPetya writes to the start of a disk. The medium was overwritten by an infected computer."
        reference = "Microsoft, New ransomware, old techniques: Petya adds worm capabilities (2017-06-27); US-CERT, Alert TA17-181A: Petya Ransomware (2017-07-01)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // What its start program shows; each with a letter as its number, so that this source
        // does not hold them.
        $check = "CHKDSK is \x72epairing sector" ascii
        $files = "your \x69mportant files are encrypted" ascii
        $account = "\x31Mz7153HMuxXTuR2R1t78mGSdzaAtNbBWX" ascii

    condition:
        // All within the sectors that it overwrites, wherever those lie in what is examined.
        all of them and
        @files[1] - @check[1] < 64KB and @check[1] - @files[1] < 64KB and
        @account[1] - @check[1] < 64KB and @check[1] - @account[1] < 64KB
}
