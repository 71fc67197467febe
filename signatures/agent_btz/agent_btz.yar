/*
    Agent.btz (2008): the worm that came into the networks of the US military on a USB stick;
    Turla followed in its footsteps. Looks at the beginning of a file.
*/

rule agent_btz_program
{
    meta:
        id = "agent_btz_program"
        family = "agent_btz"
        title_ja = "Agent.btz（USBワーム）"
        title_en = "Agent.btz (USB worm)"
        description_ja = "USBメモリで広がり、情報を盗むワームです。2008年に米軍の閉域網に入り込みました。"
        description_en = "Spreads on USB sticks and steals information. In 2008 it got into separate networks of the US military."
        reference = "Kaspersky, Agent.btz: a Source of Inspiration? (2014-03-12)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The key with which it encrypts its logs.
        $key = "1dM3uu4j7Fw4sjnbcwlDqet4F7JyuUi4m5Imnxl1pzxI6as80cbLnmz54cs5Ldn4ri3do5L6gs923HL34x2f5cvd0fk6c1a0s" ascii

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 4MB and
        $key
}
