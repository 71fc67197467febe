/*
    Conficker (2008, still found on old plant computers): spreads through the network and on USB
    sticks, where it leaves an autorun.inf among padding and its library in a folder RECYCLER.
    The general rule for autorun.inf finds it too; this one gives it its name, and finds it in
    any part of a medium.
*/

rule conficker_autorun
{
    meta:
        id = "conficker_autorun"
        family = "conficker"
        title_ja = "Conficker（USBの自動起動設定）"
        title_en = "Conficker (autorun.inf on a USB stick)"
        description_ja = "USBワームConfickerが作る自動起動設定です。古い制御用コンピューターで今も見つかります。"
        description_en = "The autorun.inf of the USB worm Conficker, which is still found on old control computers."
        reference = "Microsoft, Worm:Win32/Conficker.B (2009); F-Secure, Worm:W32/Downadup (2009)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The folder and the library that it starts, the first letter of the library's name as a
        // number, so that this source does not hold them.
        $library = "\\RECYCLER\\S-5-3-42-2819952290-8240758988-879315005-3665\\\x6Awgkvsq.vmx" ascii nocase
        $starter = "rundll32" ascii nocase

    condition:
        uint16(0) != 0x5A4D and
        filesize < 1MB and
        all of them
}
