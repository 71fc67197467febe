/*
    TRITON, also called TRISIS or HatMan (2017): reprogrammed Triconex safety controllers. It is
    a Python program (trilog.exe, with its library in library.zip, which is opened and each
    member of it examined) and two pieces of controller code (inject.bin, imain.bin). Those two
    hold no text, so that there is no rule for them alone. All of these look at the beginning of
    a file.
*/

rule triton_attack_program
{
    meta:
        id = "triton_attack_program"
        family = "triton"
        title_ja = "TRITON（安全計装を狙うプログラム）"
        title_en = "TRITON (attacks safety controllers)"
        description_ja = "プラントを安全に止める装置（安全計装システム）のプログラムを書き換える攻撃プログラムです。"
        description_en = "Reprograms the safety controllers that shut a plant down before harm is done."
        reference = "Mandiant, Attackers Deploy New ICS Attack Framework TRITON (2017-12-14); FireEye, A Totally Tubular Treatise on TRITON and TriStation (2018-06-07); NCCIC, MAR-17-352-01 HatMan (2017-12-18)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The controller code that it loads, its functions, and what it prints.
        $file_1 = "inject.bin" ascii
        $file_2 = "imain.bin" ascii
        // \x50 is a P, so that this source does not hold all of them.
        $call_1 = "SafeAppend\x50rogramMod" ascii
        $call_2 = "PresetStatusField" ascii
        $call_3 = "UploadDummyForce" ascii
        $line_1 = "main code write FAILED!" ascii
        $line_2 = "module file read FAILURE" ascii

    condition:
        filesize < 8MB and
        (
            // A program, or Python 2.7 compiled.
            ((uint16(0) == 0x5A4D or uint32(0) == 0x0A0DF303) and 5 of them) or
            // The script itself.
            all of them
        )
}

rule triton_library
{
    meta:
        id = "triton_library"
        family = "triton"
        title_ja = "TRITON（攻撃用ライブラリー）"
        title_en = "TRITON (library)"
        description_ja = "安全計装システムの制御装置の記憶を読み書きする、TRITONのライブラリーです。"
        description_en = "The library of TRITON that reads and writes the memory of safety controllers."
        reference = "Mandiant, Attackers Deploy New ICS Attack Framework TRITON (2017-12-14); FireEye, A Totally Tubular Treatise on TRITON and TriStation (2018-06-07); NCCIC, MAR-17-352-01 HatMan (2017-12-18)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Functions of its own on top of the protocol of the controllers.
        $call_1 = "ExplReadRam" ascii
        $call_2 = "ExplWriteRam" ascii
        $call_3 = "ExplExec" ascii
        // \x50 is a P, so that this source does not hold all of them.
        $call_4 = "SafeAppend\x50rogramMod" ascii
        $call_5 = "AppendProgramMin" ascii

    condition:
        filesize < 1MB and
        (
            // Python 2.7 compiled.
            (uint32(0) == 0x0A0DF303 and 3 of them) or
            all of them
        )
}
