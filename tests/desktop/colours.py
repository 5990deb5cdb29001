# How many pixels of each colour the screen has in a rectangle: `colours.py X Y WIDTH HEIGHT` prints JSON such as
# {"#f5b83d": 113}. What a person would see, whoever drew it. No package needed: libX11 comes with GTK.

import collections
import ctypes
import json
import sys

ALL_PLANES = 0xFFFFFFFF
Z_PIXMAP = 2


class XImage(ctypes.Structure):
    _fields_ = [
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", ctypes.c_void_p),
        ("byte_order", ctypes.c_int),
        ("bitmap_unit", ctypes.c_int),
        ("bitmap_bit_order", ctypes.c_int),
        ("bitmap_pad", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int),
    ]


x11 = ctypes.CDLL("libX11.so.6")
x11.XOpenDisplay.restype = ctypes.c_void_p
x11.XDefaultRootWindow.restype = ctypes.c_ulong
x11.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
x11.XGetImage.restype = ctypes.POINTER(XImage)
x11.XGetImage.argtypes = [
    ctypes.c_void_p,
    ctypes.c_ulong,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_uint,
    ctypes.c_uint,
    ctypes.c_ulong,
    ctypes.c_int,
]

left, top, width, height = (int(argument) for argument in sys.argv[1:])
display = x11.XOpenDisplay(None)
if not display:
    sys.exit("no display")
root = x11.XDefaultRootWindow(display)
image = x11.XGetImage(display, root, left, top, width, height, ALL_PLANES, Z_PIXMAP).contents
pixels = ctypes.string_at(image.data, image.bytes_per_line * height)
counts = collections.Counter()
for row in range(height):
    line = pixels[row * image.bytes_per_line :]
    for at in range(0, width * 4, 4):
        blue, green, red = line[at], line[at + 1], line[at + 2]
        counts[f"#{red:02x}{green:02x}{blue:02x}"] += 1
print(json.dumps(counts))
