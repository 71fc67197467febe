/*
    Commands that delete what a computer could be restored from: the copies that Windows keeps,
    its backup catalogue, its recovery. Nearly every ransomware runs several of them;
    administrators hardly ever do, and never all together. The program looks at the beginning of
    a file.
*/

rule shadow_copies_program
{
    meta:
        id = "shadow_copies_program"
        family = "shadow_copies"
        title_ja = "復元用データを消すプログラム"
        title_en = "Program that deletes what restores"
        description_ja = "Windowsの復元用コピー、バックアップの目録、回復機能を消す命令を複数持つプログラムです。ランサムウェアの特徴です。"
        description_en = "A program with several commands that delete the copies, the backup catalogue and the recovery of Windows, as ransomware has."
        reference = "MITRE ATT&CK, T1490 Inhibit System Recovery (2019-04-02)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        $copies_1 = /vssadmin(\.exe)?["']? delete shadows/ ascii wide nocase
        $copies_2 = /wmic(\.exe)?["']? shadowcopy delete/ ascii wide nocase
        $catalogue = /wbadmin(\.exe)?["']? delete (catalog|systemstatebackup)/ ascii wide nocase
        $recovery = /bcdedit(\.exe)?["']? \/set (\{default\} )?recoveryenabled no/ ascii wide nocase
        $failures = /bootstatuspolicy ignoreallfailures/ ascii wide nocase

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        3 of them and
        any of ($copies_*)
}

rule shadow_copies_script
{
    meta:
        id = "shadow_copies_script"
        family = "shadow_copies"
        title_ja = "復元用データを消すスクリプト"
        title_en = "Script that deletes what restores"
        description_ja = "Windowsの復元用コピー、バックアップの目録、回復機能を消す命令を並べたスクリプトです。ランサムウェアの特徴です。"
        description_en = "A script with several commands that delete the copies, the backup catalogue and the recovery of Windows, as ransomware has."
        reference = "MITRE ATT&CK, T1490 Inhibit System Recovery (2019-04-02)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Each at the beginning of a line or behind another command, as in a script, not inside a
        // sentence.
        $copies_1 = /[\r\n&|"'@][ \t]{0,32}vssadmin(\.exe)? delete shadows \/all/ ascii wide nocase
        $copies_2 = /[\r\n&|"'@][ \t]{0,32}wmic(\.exe)? shadowcopy delete/ ascii wide nocase
        $catalogue = /[\r\n&|"'@][ \t]{0,32}wbadmin(\.exe)? delete (catalog|systemstatebackup)/ ascii wide nocase
        $recovery = /[\r\n&|"'@][ \t]{0,32}bcdedit(\.exe)? \/set (\{default\} )?(recoveryenabled no|bootstatuspolicy ignoreallfailures)/ ascii wide nocase

    condition:
        filesize < 256KB and
        uint16(0) != 0x5A4D and
        2 of them and
        any of ($copies_*)
}
