# When the display changed: what a person could see, where a page only knows when it was asked to draw. Tells the X
# server's damage reports, gathered between two lines on standard input ("begin", "end"), as JSON: milliseconds between
# one change of the screen and the next. No package needed: libX11 and libXdamage come with GTK.

import ctypes
import json
import select
import sys
import time

NOT_EMPTY = 3
# One frame may be drawn in pieces; they follow one another much closer than frames do.
ONE_FRAME_MS = 4

x11 = ctypes.CDLL("libX11.so.6")
xdamage = ctypes.CDLL("libXdamage.so.1")
x11.XOpenDisplay.restype = ctypes.c_void_p
x11.XDefaultRootWindow.restype = ctypes.c_ulong
xdamage.XDamageCreate.restype = ctypes.c_ulong
for call in (x11.XDefaultRootWindow, x11.XConnectionNumber, x11.XPending, x11.XFlush):
    call.argtypes = [ctypes.c_void_p]
x11.XNextEvent.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
xdamage.XDamageQueryExtension.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
xdamage.XDamageCreate.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int]
xdamage.XDamageSubtract.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong]

display = x11.XOpenDisplay(None)
if not display:
    sys.exit("no display")
first_event, first_error = ctypes.c_int(), ctypes.c_int()
if not xdamage.XDamageQueryExtension(display, ctypes.byref(first_event), ctypes.byref(first_error)):
    sys.exit("the display does not report damage")
damage = xdamage.XDamageCreate(display, x11.XDefaultRootWindow(display), NOT_EMPTY)
x11.XFlush(display)
event = ctypes.create_string_buffer(192)
connection = x11.XConnectionNumber(display)
changes = []

while True:
    # What Xlib has read already is not seen by select.
    readable = [connection]
    if not x11.XPending(display):
        readable, _, _ = select.select([connection, sys.stdin], [], [])
    now = time.monotonic() * 1000
    if x11.XPending(display):
        while x11.XPending(display):
            x11.XNextEvent(display, event)
        # Reports only begin again once the damage has been taken away.
        xdamage.XDamageSubtract(display, damage, 0, 0)
        x11.XFlush(display)
        if not changes or now - changes[-1] > ONE_FRAME_MS:
            changes.append(now)
    if sys.stdin in readable:
        order = sys.stdin.readline().strip()
        if order == "begin":
            changes = []
            print("[]", flush=True)
        elif order == "end":
            print(json.dumps([later - earlier for earlier, later in zip(changes, changes[1:])]), flush=True)
        else:
            break
