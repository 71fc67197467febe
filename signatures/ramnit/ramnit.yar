/*
    Ramnit (2010, still found in old manuals in HTML): infects programs and HTML pages of USB
    sticks. To a page it adds a script that writes a program and starts it.
*/

rule ramnit_page
{
    meta:
        id = "ramnit_page"
        family = "ramnit"
        title_ja = "Ramnitに感染したHTML"
        title_en = "HTML page infected by Ramnit"
        description_ja = "開くとプログラムを書き出して起動するスクリプトが付いたHTMLです。USBメモリでも広がるRamnitの跡です。"
        description_en = "A page with a script that writes a program and starts it. Left by Ramnit, which spreads on USB sticks too."
        reference = "Microsoft, Virus:VBS/Ramnit.B (2011); Symantec, W32.Ramnit analysis (2015-02-24)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The beginning of the script, and the program in it as digits: a report shows a few of
        // them, the worm brings all. \x53 is an S, so that this source does not hold what it
        // looks for.
        $script = "<\x53CRIPT Language=VBScript><!--" ascii nocase
        $file = "DropFileName = \"svchost.exe\"" ascii
        $program = /WriteData = "4D5A[0-9A-F]{800}/ ascii

    condition:
        uint16(0) != 0x5A4D and
        filesize < 16MB and
        all of them
}
