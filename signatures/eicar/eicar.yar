/*
    The EICAR test file. Its 68 bytes are spelled as a regular expression with escapes, so
    that neither this rule nor another product finds the test file in this source.
*/
rule eicar_test_file
{
    meta:
        id = "eicar_test_file"
        family = "eicar"
        title_ja = "EICARテストファイル"
        title_en = "EICAR test file"
        description_ja = "ウイルス対策ソフトの動作確認に使われる、無害な標準テストファイルです。検査が働いていることを示します。"
        description_en = "The harmless standard file for testing anti-malware products. Finding it shows that scanning works."
        reference = "EICAR, Anti-Malware Testfile: intended use (2006-09-07)"
        tier = "block"
        date = "2026-11-23"
        author = "media-kiosk"
        version = 1

    strings:
        $text = /X5O!P%@AP\[4\\PZX54\(P\^\)7CC\)7\}\$EICAR\-STANDARD\-ANTIVIRUS\-TEST\-FILE!\$H\+H\*/

    condition:
        // Anywhere: on raw parts of a medium it does not stand at the beginning.
        $text
}
