/*
    Keystrokes for a device that looks like a USB stick and types by itself (BadUSB). The kiosk
    lets no such device in; these rules find what would be loaded into one. Both are for texts.
*/

rule ducky_script
{
    meta:
        id = "ducky_script"
        family = "ducky"
        title_ja = "自動入力の攻撃スクリプト（DuckyScript）"
        title_en = "Keystrokes for an attack (DuckyScript)"
        description_ja = "キーボードになりすます攻撃用USB機器に入れる、自動入力の命令です。"
        description_en = "Keystrokes for a USB attack device that pretends to be a keyboard."
        reference = "Hak5, USB Rubber Ducky documentation: DuckyScript (2022); FBI, FIN7 Cyber Actors Targeting US Businesses Through USB Keystroke Injection Attacks (2020-03-26)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Commands of the language, each at the beginning of a line.
        $delay = /[\r\n][ \t]{0,16}DELAY[ \t]{1,4}[0-9$#]/ ascii
        $window = /[\r\n][ \t]{0,16}(GUI|WINDOWS|COMMAND)[ \t]{1,4}(r|R|x|X|SPACE)[ \t]{0,4}[\r\n]/ ascii
        $enter = /[\r\n][ \t]{0,16}ENTER[ \t]{0,4}[\r\n]/ ascii
        $text = /[\r\n][ \t]{0,16}STRING(LN|_DELAY|_POWERSHELL)?[ \t]{1,4}[^\r\n]/ ascii

    condition:
        filesize < 256KB and
        uint16(0) != 0x5A4D and
        $window and $text and any of ($delay, $enter)
}

rule ducky_board_program
{
    meta:
        id = "ducky_board_program"
        family = "ducky"
        title_ja = "自動入力の攻撃プログラム（小型基板用）"
        title_en = "Keystrokes for an attack (for a small board)"
        description_ja = "キーボードになりすます小型基板に入れる、命令を自動入力するプログラムです。"
        description_en = "A program for a small board that pretends to be a keyboard and types commands."
        reference = "Digistump and Arduino, source code of the keyboard libraries; MITRE ATT&CK, T1200 Hardware Additions (2018-04-18)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The key that opens a window of Windows, in the two common libraries. The first letters
        // are numbers, so that this source does not hold what it looks for.
        $key_1 = /DigiKeyboard\.send\x4BeyStroke\([^)]{0,64}MOD_GUI_LEFT/ ascii
        $key_2 = /Keyboard\.\x70ress\([ ]{0,4}KEY_LEFT_GUI/ ascii
        // What it types.
        $type_1 = /(DigiKeyboard|Keyboard)\.print(ln)?\([^)\r\n]{0,256}(powershell|cmd|mshta|rundll32|https?:)/ ascii nocase

    condition:
        filesize < 256KB and
        any of ($key_*) and
        $type_1
}
