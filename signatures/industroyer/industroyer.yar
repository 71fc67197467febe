/*
    Industroyer, also called CrashOverride (2016): the blackout of Kiev. A launcher loads one
    library for each of four protocols of power grids, and at the end a component that makes the
    workstations unusable. The file names of plant software that they hold are in the original
    software too, so that none of these rules goes by those alone. All of these look at the
    beginning of a file.
*/

rule industroyer_iec104
{
    meta:
        id = "industroyer_iec104"
        family = "industroyer"
        title_ja = "Industroyer（IEC 104の操作部品）"
        title_en = "Industroyer (component for IEC 104)"
        description_ja = "変電所の遮断器を操作する通信（IEC 60870-5-104）を送り続ける部品です。2016年のウクライナ停電で使われました。"
        description_en = "Keeps sending commands of IEC 60870-5-104, which open and close breakers. Used in the 2016 blackout in Ukraine."
        reference = "ESET, WIN32/INDUSTROYER: a new threat for industrial control systems (2017-06-12); Dragos, CRASHOVERRIDE: Analysis of the Threat to Electric Grid Operations (2017-06-13)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Name of the library as its launcher knows it, its log, what it writes there, and a key
        // of its settings file.
        $name = "Crash104.dll" ascii
        $log = "iec104.log" ascii
        $line = "IEC-104 client: ip=%s; port=%s; ASDU=%u" ascii
        $key = "stop_comm_service_name" ascii

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 2MB and
        ($line or $name) and
        2 of them
}

rule industroyer_opc
{
    meta:
        id = "industroyer_opc"
        family = "industroyer"
        title_ja = "Industroyer（OPCの操作部品）"
        title_en = "Industroyer (component for OPC)"
        description_ja = "OPCサーバーで遮断器の操作項目を探して書き換える部品です。2016年のウクライナ停電の道具の一つです。"
        description_en = "Looks for the items of breakers on OPC servers and changes them. A tool of the 2016 blackout in Ukraine."
        reference = "ESET, WIN32/INDUSTROYER: a new threat for industrial control systems (2017-06-12); Dragos, CRASHOVERRIDE: Analysis of the Threat to Electric Grid Operations (2017-06-13)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Name of the component, and the items that it looks for.
        $name = "OPCClientDemo.dll" ascii wide nocase
        $item_1 = "ctlSelOn" ascii wide
        $item_2 = "ctlOperOn" ascii wide
        $item_3 = "ctlSelOff" ascii wide
        $item_4 = "ctlOperOff" ascii wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 2MB and
        $name and
        3 of ($item_*)
}

rule industroyer_wiper
{
    meta:
        id = "industroyer_wiper"
        family = "industroyer"
        title_ja = "Industroyer（破壊部品）"
        title_en = "Industroyer (component that destroys)"
        description_ja = "制御システムの設定ファイルを上書きし、端末を起動できなくする部品です。2016年のウクライナ停電で使われました。"
        description_en = "Overwrites configuration files of control systems and makes workstations unusable. Used in the 2016 blackout in Ukraine."
        reference = "ESET, WIN32/INDUSTROYER: a new threat for industrial control systems (2017-06-12); Dragos, CRASHOVERRIDE: Analysis of the Threat to Electric Grid Operations (2017-06-13)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The component's own name, haslo.dat or haslo.exe.
        $name = /haslo\.(dat|exe)/ ascii wide nocase
        // Files of ABB software that it overwrites.
        $target = "SYS_BASCON.COM" ascii wide nocase
        $kind_1 = "*.pcmp" ascii wide nocase
        $kind_2 = "*.pcmi" ascii wide nocase
        $kind_3 = "*.pcmt" ascii wide nocase

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 1MB and
        $name and
        $target and
        2 of ($kind_*)
}

rule industroyer_backdoor
{
    meta:
        id = "industroyer_backdoor"
        family = "industroyer"
        title_ja = "Industroyer（裏口）"
        title_en = "Industroyer (back door)"
        description_ja = "Industroyerが外部の指令を受け取る部品です。自分をサービスとして登録します。"
        description_en = "The component of Industroyer that receives orders from outside and installs itself as a service."
        reference = "ESET, WIN32/INDUSTROYER: a new threat for industrial control systems (2017-06-12); Dragos, CRASHOVERRIDE: Analysis of the Threat to Electric Grid Operations (2017-06-13)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // How it creates the service.
        $service = "sc create %ls type= own start= auto error= ignore binpath= \"%ls\" displayname= \"%ls\"" ascii wide
        // The proxy inside the attacked network, and the servers that gave the orders.
        $proxy = "10.15.1.69:3128" ascii wide
        $server_1 = "195.16.88.6" ascii wide
        $server_2 = "93.115.27.57" ascii wide
        $server_3 = "5.39.218.152" ascii wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 2MB and
        $service and
        any of ($proxy, $server_*)
}
