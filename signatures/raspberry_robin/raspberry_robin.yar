/*
    Raspberry Robin (since 2021): a worm on USB sticks. Its shortcut has the command interpreter
    read commands from another file of the stick, or has the Windows installer load from the
    network. Looks at the beginning of a file.
*/

rule raspberry_robin_shortcut
{
    meta:
        id = "raspberry_robin_shortcut"
        family = "raspberry_robin"
        title_ja = "Raspberry Robin（USBのショートカット）"
        title_en = "Raspberry Robin (shortcut on a USB stick)"
        description_ja = "媒体内の別ファイルの命令を実行させるか、外部からプログラムを取り込むショートカットです。USBワームRaspberry Robinの手口です。"
        description_en = "A shortcut that runs commands from another file of the medium, or installs from the network. The way of the USB worm Raspberry Robin."
        reference = "Red Canary, Raspberry Robin gets the worm early (2022-05-05); Microsoft, Raspberry Robin worm part of larger ecosystem facilitating pre-ransomware activity (2022-10-27)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // cmd /R cmd<file: an interpreter that reads its commands from a file.
        $read = /\/r[ ]{0,32}cmd(\.exe)?[ ]{0,32}<[ ]{0,32}[^ <>|]{1,64}/ ascii wide nocase
        // msiexec with an address, at the port that the worm's servers use.
        $installer = "msiexec" ascii wide nocase
        $address = /http:\/\/[a-z0-9.\-]{4,64}:8080\// ascii wide nocase

    condition:
        // The header of a shell link: its size, and the beginning of its class id.
        uint32(0) == 0x0000004C and
        uint32(4) == 0x00021401 and
        filesize < 1MB and
        ($read or ($installer and $address))
}
