/*
    Havex (2014): came in installers on the sites of plant suppliers, and looked for OPC
    servers. Its messages are misspelled; that is how they are told. All of these look at the
    beginning of a file.
*/

rule havex_opc_scanner
{
    meta:
        id = "havex_opc_scanner"
        family = "havex"
        title_ja = "Havex（OPCサーバーの探索）"
        title_en = "Havex (looks for OPC servers)"
        description_ja = "制御システムのOPCサーバーを探し、その内容を盗む部品です。機器メーカーのインストーラーに混入していました。"
        description_en = "Looks for OPC servers of control systems and takes down what they hold. It was hidden in installers of plant suppliers."
        reference = "F-Secure, Havex Hunts For ICS/SCADA Systems (2014-06-23); ICS-CERT, ICSA-14-178-01 ICS Focused Malware (2014-06-27)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // What it writes into its log.
        $line_1 = "Programm was started at %02i:%02i:%02i" wide
        $line_2 = "Start finging of LAN hosts" wide
        $line_3 = "Start finging of OPC Servers" wide
        $line_4 = "OPC Servers not found. Programm finished" wide
        $line_5 = "Finding was fault. Unexpective error" wide
        $line_6 = "Hosts was't found." wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 8MB and
        3 of them
}

rule havex_backdoor
{
    meta:
        id = "havex_backdoor"
        family = "havex"
        title_ja = "Havex（裏口）"
        title_en = "Havex (back door)"
        description_ja = "Havexが外部の指令を受け取り、部品を取り込むためのプログラムです。"
        description_en = "The program by which Havex takes orders from outside and loads further components."
        reference = "F-Secure, Havex Hunts For ICS/SCADA Systems (2014-06-23); ICS-CERT, ICSA-14-178-01 ICS Focused Malware (2014-06-27)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Its registry value, the file that it keeps, and how its parts talk to each other.
        $value = "fertger" wide
        $file = "\\qln.dbx" wide
        $pipe_1 = "\\\\.\\pipe\\mypipe-f" wide
        $pipe_2 = "\\\\.\\pipe\\mypipe-h" wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 8MB and
        2 of them
}
