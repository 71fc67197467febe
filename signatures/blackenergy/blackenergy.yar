/*
    BlackEnergy (2015): the blackouts in Ukraine. Beside the BlackEnergy trojan itself the
    attackers left an SSH server with a password of their own, and KillDisk, which ends plant
    software and destroys the disk. The trojan's own components are packed and carry no
    published plain text, so that they are not among these rules. All of these look at the
    beginning of a file.
*/

rule blackenergy_ssh_server
{
    meta:
        id = "blackenergy_ssh_server"
        family = "blackenergy"
        title_ja = "BlackEnergy（裏口のSSHサーバー）"
        title_en = "BlackEnergy (SSH server with a back door)"
        description_ja = "2015年のウクライナ停電で使われた、攻撃者だけが知るパスワードで入れるSSHサーバーです。"
        description_en = "The SSH server of the 2015 blackouts in Ukraine, which lets in whoever knows the password built into it."
        reference = "ESET, BlackEnergy by the SSHBearDoor: attacks against Ukrainian news media and electric industry (2016-01-03)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The password that ESET found in the changed Dropbear server.
        $password = "passDs5Bu9Te7" ascii
        // From "Dropbear", the name of the original server.
        $server = "ropbear" ascii

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 4MB and
        all of them
}

rule blackenergy_ssh_script
{
    meta:
        id = "blackenergy_ssh_script"
        family = "blackenergy"
        title_ja = "BlackEnergy（SSHサーバーを起動するスクリプト）"
        title_en = "BlackEnergy (script that starts the SSH server)"
        description_ja = "BlackEnergyの裏口のSSHサーバーを、画面に出さずに起動するスクリプトです。"
        description_en = "A script that starts the SSH server of BlackEnergy out of sight."
        reference = "ESET, BlackEnergy by the SSHBearDoor: attacks against Ukrainian news media and electric industry (2016-01-03)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        $shell = "WScript.Shell" ascii nocase
        // The command line that ESET shows, in quotes as the script has it. \x64 is a d, so that
        // this source does not hold what it looks for.
        $command = "\"\x64ropbear.exe -r rsa -d dss -a -p 6789" ascii nocase

    condition:
        filesize < 64KB and
        uint16(0) != 0x5A4D and
        all of them
}

rule blackenergy_killdisk
{
    meta:
        id = "blackenergy_killdisk"
        family = "blackenergy"
        title_ja = "BlackEnergy KillDisk（ディスク破壊）"
        title_en = "BlackEnergy KillDisk (destroys disks)"
        description_ja = "ディスクを直接開き、制御システムの通信プログラムを止めるプログラムです。2015年のウクライナ停電で使われました。"
        description_en = "Opens disks directly and ends communication programs of control systems. Used in the 2015 blackouts in Ukraine."
        reference = "ESET, BlackEnergy by the SSHBearDoor: attacks against Ukrainian news media and electric industry (2016-01-03)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The two programs that KillDisk ends, as ESET lists them. Plant software brings them
        // along too, so that they count only in a small program that opens a physical disk.
        $target_1 = "komut.exe" ascii wide nocase
        $target_2 = "sec_service.exe" ascii wide nocase
        $disk = "\\\\.\\PhysicalDrive" ascii wide nocase

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 1MB and
        all of them
}
