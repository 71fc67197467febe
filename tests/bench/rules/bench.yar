/*
 * The rules of the benchmark, loaded by both engines: plain and wide text, bytes with gaps, a
 * regular expression, counts. None of them matches the benchmark's medium.
 */

rule bench_text
{
    meta:
        tier = "block"
    strings:
        $a = "kiosk bench marker one"
        $b = "kiosk bench marker two" nocase
    condition:
        any of them
}

rule bench_wide
{
    meta:
        tier = "block"
    strings:
        $a = "KioskBenchWide" wide ascii
    condition:
        $a
}

rule bench_bytes
{
    meta:
        tier = "block"
    strings:
        $a = { 4D 5A 90 00 ?? ?? 00 00 4B 49 4F 53 4B [4-16] 42 45 4E 43 48 }
    condition:
        $a
}

rule bench_pattern
{
    meta:
        tier = "block"
    strings:
        $a = /kiosk-[0-9a-f]{8}-bench-[a-z]{4,12}/
    condition:
        $a
}

rule bench_many
{
    meta:
        tier = "block"
    strings:
        $a = "CreateRemoteThreadKiosk"
        $b = "WriteProcessMemoryKiosk"
        $c = "VirtualAllocExKiosk"
        $d = "SetWindowsHookKiosk"
        $e = "URLDownloadToKiosk"
        $f = "ShellExecuteKiosk"
    condition:
        3 of them
}

rule bench_count
{
    meta:
        tier = "block"
    strings:
        $a = "kiosk-count"
    condition:
        #a > 5
}
