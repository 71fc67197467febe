rule autorun_runs_program
{
    meta:
        id = "autorun_runs_program"
        family = "autorun"
        title_ja = "媒体を挿すとプログラムを起動する設定（autorun.inf）"
        title_en = "Starts a program when the medium is inserted (autorun.inf)"
        description_ja = "媒体を挿した時、またはドライブを開いた時に、媒体内のプログラムを起動させる設定です。USBメモリで広がるマルウェアがよく使います。"
        description_en = "Makes Windows start a program from the medium when it is inserted or its drive is opened. Much used by malware that spreads on USB sticks."
        reference = "Microsoft Learn, Windows Shell: Autorun.inf entries (2018-05-31); Microsoft KB967715, How to disable the Autorun functionality in Windows (2009-02-24)"
        tier = "block"
        date = "2026-11-23"
        author = "media-kiosk"
        version = 1

    strings:
        // A section header at the beginning of a line, also for one processor: [autorun.amd64].
        $section = /(^|[\r\n])[ \t]{0,32}\[[ \t]{0,8}autorun[^\r\n\]]{0,16}\]/ ascii wide nocase
        // The same behind the byte order mark of UTF-8 or UTF-16.
        $marked8 = /\xEF\xBB\xBF[ \t]{0,32}\[[ \t]{0,8}autorun[^\r\n\]]{0,16}\]/ nocase
        $marked16 = { FF FE 5B 00 ( 41 | 61 ) 00 ( 55 | 75 ) 00 ( 54 | 74 ) 00 ( 4F | 6F ) 00 ( 52 | 72 ) 00 ( 55 | 75 ) 00 ( 4E | 6E ) 00 }
        // A key that starts something, with a value, at the beginning of a line.
        $open = /[\r\n][ \t]{0,32}open[ \t]{0,32}=[ \t]{0,32}[^ \t\r\n]/ ascii wide nocase
        $execute = /[\r\n][ \t]{0,32}shellexecute[ \t]{0,32}=[ \t]{0,32}[^ \t\r\n]/ ascii wide nocase
        $verb = /[\r\n][ \t]{0,32}shell\\[^\r\n=]{1,64}\\command[ \t]{0,32}=[ \t]{0,32}[^ \t\r\n]/ ascii wide nocase

    condition:
        // Large enough for the padding that worms put into it, and too small for a program
        // or an image that only carries such a file.
        filesize < 256KB and
        uint16(0) != 0x5A4D and
        (
            ($section and (
                @open[#open] > @section[1] or
                @execute[#execute] > @section[1] or
                @verb[#verb] > @section[1]
            )) or
            (($marked8 at 0 or $marked16 at 0) and ($open or $execute or $verb))
        )
}
