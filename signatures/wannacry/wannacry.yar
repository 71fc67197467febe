/*
    WannaCry (2017; 2018 in Japanese and Taiwanese plants): a worm that encrypts. Programs and
    encrypted files are told by their beginnings.
*/

rule wannacry_program
{
    meta:
        id = "wannacry_program"
        family = "wannacry"
        title_ja = "WannaCry（ランサムウェア）"
        title_en = "WannaCry (ransomware)"
        description_ja = "ファイルを暗号化して身代金を要求するプログラムです。2017年以降、多くの工場を止めました。"
        description_en = "Encrypts files and demands a ransom. It has stopped many plants since 2017."
        reference = "Microsoft, WannaCrypt ransomware worm targets out-of-date systems (2017-05-12); US-CERT, Alert TA17-132A (2017-05-12); SecureWorks, WCry Ransomware Analysis (2017-05-18)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The password of the archive in it, the mark on encrypted files, its mutex, the program
        // and the file that it writes, and how it takes hold of files.
        $password = "WNcry@2ol7" ascii
        $mark = "WANACRY!" ascii
        $mutex = "MsWinZonesCacheCounterMutexA" ascii
        $writes_1 = "tasksche.exe" ascii
        $writes_2 = "t.wnry" ascii
        $command = "icacls . /grant Everyone:F /T /C /Q" ascii
        // Where the ransom is to be paid.
        $account_1 = "115p7UMMngoj1pMvkpHijcRdfJNXj6LrLn" ascii
        $account_2 = "12t9YDPgwueZ9NyMgw519p7AA8isjr6SMw" ascii
        $account_3 = "13AM4VW2dhxYgXeQepoHkHSQuy6NgaEb94" ascii

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        3 of ($password, $mark, $mutex, $writes_*, $command, $account_*)
}

rule wannacry_worm
{
    meta:
        id = "wannacry_worm"
        family = "wannacry"
        title_ja = "WannaCry（ネットワーク感染部品）"
        title_en = "WannaCry (worm component)"
        description_ja = "ネットワークを通じて他のコンピューターに広がるWannaCryの部品です。"
        description_en = "The component of WannaCry that spreads to other computers through the network."
        reference = "Microsoft, WannaCrypt ransomware worm targets out-of-date systems (2017-05-12); US-CERT, Alert TA17-132A (2017-05-12); SecureWorks, WCry Ransomware Analysis (2017-05-18)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The address that it asks for before it begins, and the service as which it runs.
        $address = "iuqerfsodp9ifjaposdfjhgosurijfaewrwergwea.com" ascii
        $service = "mssecsvc" ascii

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        all of them
}

rule wannacry_encrypted_file
{
    meta:
        id = "wannacry_encrypted_file"
        family = "wannacry"
        title_ja = "WannaCryに暗号化されたファイル"
        title_en = "File encrypted by WannaCry"
        description_ja = "WannaCryが暗号化したファイルです。感染したコンピューターから来た媒体です。"
        description_en = "A file that WannaCry encrypted. The medium comes from an infected computer."
        reference = "Microsoft, WannaCrypt ransomware worm targets out-of-date systems (2017-05-12); US-CERT, Alert TA17-132A (2017-05-12); SecureWorks, WCry Ransomware Analysis (2017-05-18)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The first bytes of every encrypted file; the length of the encrypted key, 256, follows.
        $mark = "WANACRY!\x00\x01\x00\x00" ascii

    condition:
        $mark at 0
}
