# The words of the screen in English. Same keys and same variables as ja.ftl. Short and plain.
# The three words of the verdict are not here: they are constants, not translations.

## Top row
header-rules = Rules
header-rules-none = No rules
header-rules-update = UPDATE
age-days = { $days ->
    [0] today
   *[other] { $days } d
}
age-unknown = undated
status-starting = STARTING
status-testing = TESTING
status-idle = READY
status-visit = visit code
status-checking = CHECKING
status-scanning = SCANNING
status-recording = RECORDING
status-result = RESULT
status-removed = REMOVED
status-lanes = IN USE
status-out = CLOSED
status-lost = NO ANSWER

## Bottom row
footer-help = Need help? Call the staff
bay-trial = TRIAL
bay-insert = Insert
bay-pull = Pull out
bay-quit = Quit
bay-inserted = { $number } is in
bay-pulled = All are out
bay-missing = There is no { $number }
bay-failed = That did not work

## Idle
idle-insert = Insert your USB memory into the BLUE port
idle-step-insert = Insert
idle-step-wait = Wait
idle-step-read = Read the result
idle-keep = Do not remove it while it is scanned
idle-no-phones = No phones, no charging
idle-rules = Scan rules
idle-rules-update = please update
idle-rules-refused = newer rules are not in use
ledger = Ledger
ledger-disk = ledger's disk { $percent } % full
ledger-overdue = ledger review overdue since

## Checking
checking-title = Checking the registration
checking-detected = Detected
wait = Please wait

## Scanning
scanning-keep = DO NOT REMOVE
scanning-counting = Counting the files
scanning-elapsed = elapsed
scanning-matched = Threats found
scanning-now = File being scanned
eta-unknown = Working out the time left
eta-soon = Almost done
eta-seconds = about { $seconds } s left
eta-minutes = about { $minutes } min left
eta-minutes-half = about { $minutes } min 30 s left

## Recording
recording-title = Writing down the result
recording-keep = Do not remove it yet

## Verdicts
pass-meaning = Allowed in
stop-meaning = Not allowed in
incomplete-meaning = Not allowed in yet
pass-found = No known threat was found
pass-meaning-out = Allowed out
stop-meaning-out = Not allowed out
incomplete-meaning-out = Not allowed out yet
pass-waived-out = Allowed out with waiver { $number }
pass-waived = Allowed in with waiver { $number }
pass-next = Remove the USB and take it with you
removed-pass = It is out. Take it with you
medium = Medium
receipt = Receipt
files = { $count ->
    [one] file
   *[other] files
}
where = Where
more-reasons = { $count } more

## Reasons, and what to do next
found-matched = Danger:
found-policy = Forbidden:
found-gap = Not examined:
reason-matched = { $count ->
    [one] It holds a dangerous file
   *[other] It holds { $count } dangerous files
}
next-matched = Remove it and hand it to the staff
reason-policy = { $count ->
    [one] It holds something forbidden
   *[other] It holds { $count } forbidden things
}
next-policy = Remove it and hand it to the staff
reason-unregistered = This USB is not registered
next-unregistered = Remove it; register it at the desk
reason-expired = Its registration has expired
next-expired = Remove it; renew it at the desk
reason-revoked = Its registration was withdrawn
next-revoked = Remove it and hand it to the staff
reason-not-yet-valid = Its registration has not begun yet
next-not-yet-valid = Remove it; ask at the desk from when
reason-lost = This USB was reported lost
next-lost = Remove it and hand it to the staff
reason-clone-suspected = It is not the USB that was registered
next-clone-suspected = Remove it and hand it to the staff
reason-not-storage = It is more than a USB memory
next-not-storage = Remove it and hand it to the staff
function-keyboard = There is a keyboard in this device
function-input = There is an input device in it
function-network = There is a network adapter in it
function-serial = There is a serial port in it
function-phone = It is a phone or camera
function-hub = USB hubs cannot be used here
function-wireless = There is a radio in this device
function-audio = There is a sound device in it
function-video = There is a video camera in it
function-printer = There is a printer in it
function-other = It is more than a USB memory
reason-no-visit = No visit was checked in for this USB
next-no-visit = Remove it; ask reception for a code
reason-encrypted = { $count ->
    [one] Something encrypted cannot be opened
   *[other] { $count } encrypted things cannot be opened
}
next-encrypted = Remove the password, or ask the staff
reason-unreadable = { $count ->
    [one] A part of it cannot be read
   *[other] { $count } parts of it cannot be read
}
next-unreadable = Copy it to another registered USB
reason-damaged = { $count ->
    [one] Something damaged cannot be examined
   *[other] { $count } damaged things cannot be examined
}
next-damaged = Copy it again, or ask the staff
reason-unsupported = { $count ->
    [one] Something is of an unknown kind
   *[other] { $count } things are of an unknown kind
}
next-unsupported = Save it in another form, or ask staff
reason-limit = { $count ->
    [one] Something is past the kiosk's limits
   *[other] { $count } things are past the kiosk's limits
}
next-limit = Split it up, or ask the staff
reason-timeout = { $count ->
    [one] Something was not finished in time
   *[other] { $count } things were not finished in time
}
next-timeout = Insert it again, or ask the staff
reason-changed = { $count ->
    [one] Something changed during the scan
   *[other] { $count } things changed during the scan
}
next-changed = Remove it and hand it to the staff
reason-removed = It was removed before the scan ended
next-removed = Insert it again; wait until the end
reason-rules-missing = This kiosk has no scan rules
next-rules-missing = It is not the USB. Call the staff
reason-rules-stale = This kiosk's scan rules are too old
next-rules-stale = It is not the USB. Call the staff
reason-self-test-failed = This kiosk failed its own test
next-self-test-failed = It is not the USB. Call the staff
reason-ledger-unavailable = The result could not be written down
next-ledger-unavailable = It is not the USB. Call the staff
reason-clock-untrusted = This kiosk's clock cannot be trusted
next-clock-untrusted = It is not the USB. Call the staff

## When no reason arrived
reason-none = No reason was given
next-none = Call the staff

## Out of service
out-starting = Getting ready
out-starting-next = Please wait a moment
out-ledger = Out of service: results cannot be written down
out-ledger-staff = the ledger cannot be written: check free space and kiosk-record
out-ledger-full-staff = the ledger's disk is full: make room, and it goes on by itself
out-ledger-failing-staff = ledger's disk read-only or failing: mend it, restart kiosk-record
out-rules = Out of service: there are no working rules
out-rules-staff = install the rules again
out-testing = The kiosk is testing itself
out-testing-next = Please wait a moment
out-self-test = Out of service: the kiosk failed its own test
out-self-test-staff = install the rules again, and check with kioskctl rules test
out-rules-stale = Out of service: the scan rules are too old
out-rules-stale-staff = install newer rules
out-allowlist = Out of service: the list of media cannot be read
out-allowlist-staff = correct allowlist.toml
out-next = Do not insert a USB. Call the staff
out-inserted = Hand an inserted USB to the staff; do not take it in
staff = For staff
contact = Contact

## When the daemon does not answer
lost-title = The kiosk does not answer
lost-void = A result shown before does not count
lost-next = Call the staff
lost-again = Connecting again
lost-silent = no news from the kiosk
lost-disconnected = not connected to the kiosk
lost-garbled = the kiosk's news makes no sense
connecting = Connecting to the kiosk

## When the terminal is too small
small = The screen is too small

## What was done after it was stopped
ask-kept = Kept
ask-given-back = Given back
ask-handed-over = Handed over
ask-what = What was done?
ask-recorded = Recorded
open-cases = { $count } open

## Rules that an administrator's medium brought
brought-installing = Installing the rules
brought-installed = Rules updated to version { $version }
brought-refused = Rules not updated

## The code of a visit
pad-code = Enter your visit code
pad-code-short = Visit code
pad-badge = A badge at the reader will do as well
pad-number = Enter your staff number
pad-number-short = Staff number
pad-pin = Enter your PIN
pad-pin-short = PIN
pad-clear = Clear
pad-ok = OK
visit-then = Then insert your USB
visit-registered = This USB is registered
visit-stay = Leave the USB where it is
visitor-in = Checked in
visitor-minutes = { $minutes } min left
visitor-ending = under 1 min left
typed-checking = Checking
typed-taken = Accepted
typed-wrong = Wrong code
typed-ended = Visit is over
typed-not-yet = Not valid yet
typed-locked = Wait { $seconds } s
sign-out = Done

## Asking for registration
request-offer = Request registration
request-sent = Requesting
request-recorded = Requested

## Out and back
exit-offer = Taking it out?
exit-cancel = Cancel
exit-next = The NEXT USB is checked on its way OUT
exit-short = OUT
put-back-place = Place
put-back-removed = It is out. Put it back in its place
put-back-next = Remove the USB and put it back

## Staff
staff-title = Staff
staff-offer = Staff
staff-requests = { $count ->
    [one] { $count } request
   *[other] { $count } requests
}
staff-overdue = { $count } overdue
lists-refused = Bad list: the old one is in use
enrol-insert = Insert the medium to register
bay-keys = Insert media
