/*
 * The rule of the table of formats: it matches none of the table's media, which are to pass.
 */

rule table_of_formats
{
    meta:
        tier = "block"
    strings:
        $a = "kiosk table of formats"
    condition:
        $a
}
