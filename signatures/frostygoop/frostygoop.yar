/*
    FrostyGoop (2024): writes registers of controllers over Modbus. It left 600 apartment
    buildings of a district heating company in Lviv without heat for two days in winter. A Go
    program, whose names of functions stay in it. Looks at the beginning of a file.
*/

rule frostygoop_program
{
    meta:
        id = "frostygoop_program"
        family = "frostygoop"
        title_ja = "FrostyGoop（熱供給設備の操作）"
        title_en = "FrostyGoop (operates heating equipment)"
        description_ja = "制御装置の値をModbusで書き換えるプログラムです。2024年、ウクライナの地域熱供給で暖房が2日間止まりました。"
        description_en = "Changes registers of controllers over Modbus. In 2024 it stopped the heating of a Ukrainian city district for two days."
        reference = "Dragos, Impact of FrostyGoop ICS Malware on Connected OT Systems (2024-07-23); Microsoft, Trojan:Win32/FrostyGoop.A (2024)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The public Modbus library that it uses, and functions of its own.
        $library = "rolfl/modbus" ascii
        $call_1 = "main.TaskList.executeCommand" ascii
        $call_2 = "main.TargetList.getTargetIpList" ascii
        $call_3 = "main.TaskList.getTaskIpList" ascii

    condition:
        uint16(0) == 0x5A4D and
        filesize < 32MB and
        $library and
        2 of ($call_*)
}
