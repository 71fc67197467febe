/*
    PowerShell that hides itself and runs what it loads from the network. Both are for texts:
    scripts, and whatever else carries a command line.
*/

rule powershell_hidden_download
{
    meta:
        id = "powershell_hidden_download"
        family = "powershell"
        title_ja = "隠れて外部から取り込むPowerShell"
        title_en = "PowerShell that hides and loads from the network"
        description_ja = "画面に出さずに、外部からプログラムを取り込んで実行する命令です。"
        description_en = "Commands that load a program from the network and run it out of sight."
        reference = "MITRE ATT&CK, T1059.001 Command and Scripting Interpreter: PowerShell (2020-03-09); Palo Alto Networks Unit 42, Pulling Back the Curtains on EncodedCommand PowerShell Attacks (2017-03-10)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The interpreter with a hidden window.
        $hidden = /powershell(\.exe)?["']?[^\r\n]{0,160}[ \t][\-\/]w(in|indow|indowstyle)?[ \t]{1,8}["']?(hidden|hid|h|1)["' \t\r\n]/ ascii wide nocase
        // What loads.
        $load_1 = ".DownloadString(" ascii wide nocase
        $load_2 = ".DownloadFile(" ascii wide nocase
        $load_3 = ".DownloadData(" ascii wide nocase
        $load_4 = /(Invoke-WebRequest|Invoke-RestMethod|\biwr |\birm )[^\r\n]{0,80}https?:\/\// ascii wide nocase
        $load_5 = "Start-BitsTransfer" ascii wide nocase
        // What runs it.
        $run_1 = /\bIEX[ (\r\n"']/ ascii wide nocase
        $run_2 = "Invoke-Expression" ascii wide nocase
        $run_3 = "Start-Process" ascii wide nocase
        $run_4 = "[Reflection.Assembly]::Load(" ascii wide nocase

    condition:
        filesize < 256KB and
        uint16(0) != 0x5A4D and
        $hidden and
        any of ($load_*) and
        any of ($run_*)
}

rule powershell_encoded_download
{
    meta:
        id = "powershell_encoded_download"
        family = "powershell"
        title_ja = "符号化されたPowerShellの取り込み命令"
        title_en = "Encoded PowerShell that loads from the network"
        description_ja = "読めない形に符号化した、外部からプログラムを取り込む命令です。"
        description_en = "Commands that load a program from the network, encoded so that they cannot be read."
        reference = "MITRE ATT&CK, T1059.001 Command and Scripting Interpreter: PowerShell (2020-03-09); Palo Alto Networks Unit 42, Pulling Back the Curtains on EncodedCommand PowerShell Attacks (2017-03-10)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The argument under which encoded commands are handed over.
        $encoded = /powershell(\.exe)?["']?[^\r\n]{0,160}[ \t][\-\/]e(c|nc|ncodedcommand)?[ \t]{1,8}["']?[a-z0-9+\/]{64}/ ascii wide nocase
        // What loads, as it looks in base64 of UTF-16.
        $load_1 = "DownloadString" wide base64
        $load_2 = "DownloadFile" wide base64
        $load_3 = "DownloadData" wide base64
        $load_4 = "Net.WebClient" wide base64
        $load_5 = "Invoke-WebRequest" wide base64

    condition:
        filesize < 1MB and
        uint16(0) != 0x5A4D and
        $encoded and
        any of ($load_*)
}
