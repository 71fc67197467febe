/*
    Mimikatz: takes passwords out of the memory of Windows. A public tool, and part of nearly
    every large attack, Industroyer and NotPetya among them. The program looks at the beginning
    of a file.
*/

rule mimikatz_program
{
    meta:
        id = "mimikatz_program"
        family = "mimikatz"
        title_ja = "Mimikatz（パスワードの窃取）"
        title_en = "Mimikatz (steals passwords)"
        description_ja = "Windowsの記憶からパスワードを取り出すプログラムです。多くの攻撃で使われます。"
        description_en = "Takes passwords out of the memory of Windows. Used in many attacks."
        reference = "Benjamin Delpy, mimikatz, source code (2011 to 2022); MITRE ATT&CK, S0002 Mimikatz (2017-05-31)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The version resource: key, zeros, value.
        $company = "CompanyName\x00\x00gentilkiwi (Benjamin DELPY)" wide
        // Names of its commands, and its greeting.
        $command_1 = "sekurlsa" wide
        $command_2 = "logonPasswords" wide
        $module = "SekurLSA module" wide
        $greeting_1 = "(oe.eo)" wide
        $greeting_2 = "gentilkiwi" wide
        $name = "mimikatz" wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 32MB and
        ($company or 4 of ($command_*, $module, $greeting_*, $name))
}

rule mimikatz_script
{
    meta:
        id = "mimikatz_script"
        family = "mimikatz"
        title_ja = "Mimikatzを含むスクリプト"
        title_en = "Script that brings Mimikatz along"
        description_ja = "Mimikatzを内蔵し、ファイルを作らずに起動するPowerShellスクリプトです。"
        description_en = "A PowerShell script that holds Mimikatz and starts it without writing a file."
        reference = "PowerSploit, Invoke-Mimikatz, source code (2013 to 2016); MITRE ATT&CK, S0194 PowerSploit (2018-04-18)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The script's function, and the variables that hold the program. \x4D is an M, so that
        // this source does not hold what it looks for.
        $function = "function Invoke-\x4Dimikatz" ascii wide nocase
        $program_1 = "$PEBytes64" ascii wide nocase
        $program_2 = "$PEBytes32" ascii wide nocase

    condition:
        filesize < 16MB and
        uint16(0) != 0x5A4D and
        $function and
        any of ($program_*)
}
