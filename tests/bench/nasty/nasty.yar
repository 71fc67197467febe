import "hash"
import "math"

// Rules that cost much on contents made for them, and that the compiler does not call slow. They
// name nothing; tests/bench/engine says what becomes of the scan.

rule chained_jumps
{
    meta:
        tier = "notice"
    strings:
        $a = { 4D 5A [200-4000] 4D 5A [200-4000] 4D 5A [200-4000] 4D 5B }
    condition:
        $a
}

rule counted
{
    meta:
        tier = "notice"
    strings:
        $a = "MZ"
    condition:
        #a > 100000000
}

rule expression
{
    meta:
        tier = "notice"
    strings:
        $a = /MZ(a|M|Z|x){1,900}(Q|MZ){1,900}Y/
    condition:
        $a
}

rule hashed
{
    meta:
        tier = "notice"
    condition:
        for all i in (0..40) : (
            hash.sha256(i, filesize - i) != "00" and math.entropy(i, filesize - i) >= 0.0
        )
}
