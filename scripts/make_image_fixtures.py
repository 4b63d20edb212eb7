#!/usr/bin/env python3
"""Writes Tests/Fixtures/images: small pictures of every kind that is decoded, and broken ones.

The pictures are computed here. Pillow encodes what it can; what it cannot (other sampling, single-component scans,
16-bit PNGs, interlacing …) is put together here byte by byte. Beside each picture lies `NAME.rgb`, its pixels as
Pillow's `convert("RGB")` has them: 3 bytes a pixel, row by row. 16-bit grey is the exception, which Pillow clips: there
the high bytes are expected.

    python3 scripts/make_image_fixtures.py [FOLDER]

`manifest.json` lists the sound pictures with their sizes and the broken ones with the error that is expected:
"truncated", "damaged", "unsupported", "tooLarge", "empty" or "unknownFormat"; `strict_only` where they can be used all
the same.

Needs numpy and Pillow 11.1 or later. The files are committed; another version of libjpeg may write others.
"""

import io
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

JPEG_SIZE = (59, 43)
PNG_SIZE = (23, 17)


def photograph(width, height, seed):
    """RGB of slow gradients, an edge, a disc and noise: something for every frequency."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    disc = (x - 0.6 * width) ** 2 + (y - 0.5 * height) ** 2 < (0.3 * height) ** 2
    picture = np.stack([
        60 + 120 * x / width + 70 * disc,
        200 - 150 * y / height + 40 * np.sin(x / 3),
        90 + 100 * ((x + y) % 16 < 8) - 60 * disc], axis=-1)
    return (picture + random.normal(0, 6, picture.shape)).clip(0, 255).astype(np.uint8)


# ---- JPEG by hand ----------------------------------------------------------------------------------------------


def segments(jpeg):
    """The marker segments before the first scan: (marker, body), and the first scan with all that follows it."""
    at, result = 2, []
    while True:
        marker, length = jpeg[at + 1], struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        if marker == 0xDA:
            return result, jpeg[at:]
        result.append((marker, jpeg[at + 4:at + 2 + length]))
        at += 2 + length


def segment(marker, body=b""):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def huffman_codes(bodies):
    """{(class, number): {symbol: (code, length)}} of DHT segments."""
    result = {}
    for body in bodies:
        while body:
            kind, lengths, body = body[0], body[1:17], body[17:]
            code, table = 0, {}
            for length, count in enumerate(lengths, 1):
                for symbol in body[:count]:
                    table[symbol] = (code, length)
                    code += 1
                body = body[count:]
                code <<= 1
            result[kind >> 4, kind & 15] = table
    return result


class Bits:
    def __init__(self):
        self.text = []

    def add(self, value, length):
        if length:
            self.text.append(format(value, f"0{length}b"))

    def entropy_coded(self):
        """Padded with ones; a zero byte after each 0xFF."""
        text = "".join(self.text)
        text += "1" * (-len(text) % 8)
        return bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")


COSINES = np.array([[np.cos((2 * x + 1) * u * np.pi / 16) * (np.sqrt(0.125) if u == 0 else 0.5)
                     for x in range(8)] for u in range(8)])
ZIGZAG = sorted(range(64), key=lambda k: (k // 8 + k % 8, k % 8 if (k // 8 + k % 8) % 2 == 0 else k // 8))


def add_magnitude(bits, table, run, value):
    size = int(abs(value)).bit_length()
    bits.add(*table[run << 4 | size])
    bits.add(value if value > 0 else value + (1 << size) - 1, size)


def encode_block(bits, coefficients, previous, dc, ac):
    add_magnitude(bits, dc, 0, coefficients[0] - previous)
    run, last = 0, max([k for k in range(1, 64) if coefficients[k]], default=0)
    for k in range(1, last + 1):
        if coefficients[k] == 0:
            run += 1
            continue
        while run > 15:
            bits.add(*ac[0xF0])
            run -= 16
        add_magnitude(bits, ac, run, coefficients[k])
        run = 0
    if last < 63:
        bits.add(*ac[0])
    return coefficients[0]


def jpeg_by_hand(rgb, sampling, interleaved=True, components=3):
    """A baseline JPEG with any sampling factors [(h, v) …], in one scan or in one for each component.

    Tables are the standard ones, as Pillow writes them.
    """
    height, width = rgb.shape[:2]
    model = io.BytesIO()
    Image.fromarray(rgb).save(model, "JPEG", quality=90)
    tables, _ = segments(model.getvalue())
    quantizers = {body[0] & 15: np.array(list(body[1:65])) for marker, body in tables if marker == 0xDB}
    codes = huffman_codes([body for marker, body in tables if marker == 0xC4])

    r, g, b = (rgb[..., c].astype(np.float64) for c in range(3))
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    planes = [luma, 128 + (b - luma) / 1.772, 128 + (r - luma) / 1.402][:components]
    wide, high = max(h for h, _ in sampling), max(v for _, v in sampling)
    columns, rows = -(-width // (8 * wide)), -(-height // (8 * high))  # of MCUs

    blocks = []  # for each component: [row of blocks][column][64 in zigzag order]
    for c, (plane, (h, v)) in enumerate(zip(planes, sampling)):
        full = np.pad(plane, ((0, rows * 8 * high - height), (0, columns * 8 * wide - width)), mode="edge")
        small = full.reshape(rows * 8 * v, high // v, columns * 8 * h, wide // h).mean(axis=(1, 3))
        cut = small.reshape(rows * v, 8, columns * h, 8).transpose(0, 2, 1, 3) - 128
        transformed = np.einsum("ux,rcxy,vy->rcuv", COSINES, cut, COSINES).reshape(rows * v, columns * h, 64)
        blocks.append(np.rint(transformed[..., ZIGZAG] / quantizers[min(c, 1)]).astype(int))

    def scan(members):
        bits, previous = Bits(), [0] * components
        def block(c, y, x):
            table = min(c, 1)
            previous[c] = encode_block(
                bits, blocks[c][y][x].tolist(), previous[c], codes[0, table], codes[1, table])
        if len(members) > 1:
            for row in range(rows):
                for column in range(columns):
                    for c in members:
                        h, v = sampling[c]
                        for y in range(v):
                            for x in range(h):
                                block(c, row * v + y, column * h + x)
        else:
            # A component by itself has only the blocks that the picture needs, row by row.
            c = members[0]
            h, v = sampling[c]
            for y in range(-(-(-(-height * v // high)) // 8)):
                for x in range(-(-(-(-width * h // wide)) // 8)):
                    block(c, y, x)
        body = bytes([len(members)]) + b"".join(bytes([c + 1, 0x11 * min(c, 1)]) for c in members)
        return segment(0xDA, body + bytes([0, 63, 0])) + bits.entropy_coded()

    frame = struct.pack(">BHHB", 8, height, width, components) + b"".join(
        bytes([c + 1, h << 4 | v, min(c, 1)]) for c, (h, v) in enumerate(sampling))
    everything = range(components)
    scans = [everything] if interleaved else [[c] for c in everything]
    return (b"\xff\xd8" + b"".join(segment(m, body) for m, body in tables if m in (0xE0, 0xDB, 0xC4))
            + segment(0xC0, frame) + b"".join(scan(list(members)) for members in scans) + b"\xff\xd9")


def jpeg_of_many_scans(count):
    """A progressive picture of one grey block, each coefficient sent bit by bit: valid, and absurd."""
    model = io.BytesIO()
    Image.fromarray(np.full((8, 8), 128, np.uint8)).save(model, "JPEG", quality=90)
    tables, _ = segments(model.getvalue())
    codes = huffman_codes([body for marker, body in tables if marker == 0xC4])
    scans = []
    for k in range(64):
        for low in reversed(range(14)):
            first = low == 13
            bits = Bits()
            if k == 0 and not first:
                bits.add(0, 1)  # the next bit of the only block's mean
            else:
                bits.add(*codes[min(k, 1), 0][0])  # a mean of 0, or: no coefficient differs from 0
            position = bytes([k, k, low if first else (low + 1) << 4 | low])
            scans.append(segment(0xDA, bytes([1, 1, 0]) + position) + bits.entropy_coded())
    frame = struct.pack(">BHHB", 8, 8, 8, 1) + bytes([1, 0x11, 0])
    return (b"\xff\xd8" + b"".join(segment(m, body) for m, body in tables if m in (0xDB, 0xC4))
            + segment(0xC2, frame) + b"".join(scans[:count]) + b"\xff\xd9")


def patched(jpeg, marker, offset, value):
    """`jpeg` with one byte of the first segment with this marker replaced."""
    at = 2
    while jpeg[at + 1] != marker:
        at += 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
    at += 4 + offset
    return jpeg[:at] + bytes([value]) + jpeg[at + 1:]


# ---- PNG by hand -----------------------------------------------------------------------------------------------


def chunk(kind, body, checksum=None):
    checksum = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def packed_rows(samples, depth):
    """Rows of samples [height, width, channels] as bytes, with no filter and "sub" in turn."""
    distance = max(1, samples.shape[2] * depth // 8)  # from a byte to the same byte of the pixel before
    result = b""
    for y, row in enumerate(samples.reshape(samples.shape[0], -1)):
        text = "".join(format(int(value), f"0{depth}b") for value in row)
        text += "0" * (-len(text) % 8)
        data = np.array([int(text[i:i + 8], 2) for i in range(0, len(text), 8)], np.uint8)
        if y % 2 == 1:
            data[distance:] -= data[:-distance].copy()
        result += bytes([y % 2]) + data.tobytes()
    return result


def png(samples, depth, color_type, before=b"", interlaced=False, after=b""):
    """A PNG of samples [height, width] or [height, width, channels]; `before` and `after`: chunks around IDAT."""
    samples = samples if samples.ndim == 3 else samples[..., None]
    height, width = samples.shape[:2]
    passes = [samples[y::down, x::across] for x, y, across, down in ADAM7] if interlaced else [samples]
    rows = b"".join(packed_rows(p, depth) for p in passes if p.size)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 1 if interlaced else 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
            + chunk(b"IDAT", zlib.compress(rows, 9)) + after + chunk(b"IEND", b""))


# ---- What is written -------------------------------------------------------------------------------------------


def pillow(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def sound_jpegs():
    rgb = photograph(*JPEG_SIZE, seed=1)
    image = Image.fromarray(rgb)
    yield "jpeg-444", pillow(image, "JPEG", quality=88, subsampling=0)
    yield "jpeg-422", pillow(image, "JPEG", quality=88, subsampling=1)
    yield "jpeg-420", pillow(image, "JPEG", quality=90)
    yield "jpeg-420-restarts", pillow(image, "JPEG", quality=80, restart_marker_blocks=3)
    yield "jpeg-420-progressive", pillow(image, "JPEG", quality=88, progressive=True)
    yield "jpeg-444-progressive", pillow(image, "JPEG", quality=60, progressive=True, subsampling=0)
    yield "jpeg-440", jpeg_by_hand(rgb, [(1, 2), (1, 1), (1, 1)])
    yield "jpeg-411", jpeg_by_hand(rgb, [(4, 1), (1, 1), (1, 1)])
    yield "jpeg-410", jpeg_by_hand(rgb, [(4, 2), (1, 1), (1, 1)])
    yield "jpeg-421-mixed", jpeg_by_hand(rgb, [(2, 2), (1, 2), (2, 1)])
    yield "jpeg-420-scans", jpeg_by_hand(rgb, [(2, 2), (1, 1), (1, 1)], interleaved=False)
    yield "jpeg-grey", pillow(image.convert("L"), "JPEG", quality=85)
    yield "jpeg-grey-22", jpeg_by_hand(rgb, [(2, 2)], components=1)
    yield "jpeg-grey-progressive", pillow(image.convert("L"), "JPEG", quality=85, progressive=True)
    yield "jpeg-rgb", pillow(image, "JPEG", quality=90, keep_rgb=True)
    cmyk = Image.fromarray(np.concatenate([255 - rgb, photograph(*JPEG_SIZE, seed=2)[..., :1] // 2], axis=2), "CMYK")
    yield "jpeg-cmyk", pillow(cmyk, "JPEG", quality=85)
    # The same numbers, said to be YCCK: other colours, and another way through the decoder.
    yield "jpeg-ycck", patched(pillow(cmyk, "JPEG", quality=85), 0xEE, 11, 2)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn me clockwise"
    yield "jpeg-orientation", pillow(image, "JPEG", quality=70, exif=exif)
    yield "jpeg-100-scans", jpeg_of_many_scans(100)
    yield "jpeg-1x1", pillow(Image.fromarray(rgb[:1, :1]), "JPEG")
    yield "jpeg-3x1", pillow(Image.fromarray(rgb[:1, :3]), "JPEG")


def sound_pngs():
    rgb = photograph(*PNG_SIZE, seed=3)
    grey = rgb[..., 1]
    alpha = rgb[..., 2:]
    wide = rgb.astype(np.uint16) * 251 + 7  # 16 bits whose low byte is not the high one
    colors = np.random.default_rng(4).integers(0, 256, (256, 3), dtype=np.uint8)
    palette = {depth: chunk(b"PLTE", colors[:1 << depth].tobytes()) for depth in (1, 2, 4, 8)}
    for depth in (1, 2, 4, 8):
        yield f"png-grey{depth}", png(grey >> (8 - depth), depth, 0)
        yield f"png-palette{depth}", png(grey >> (8 - depth), depth, 3, palette[depth])
    yield "png-rgb8", png(rgb, 8, 2)
    yield "png-rgb16", png(wide, 16, 2)
    yield "png-grey-alpha8", png(np.concatenate([grey[..., None], alpha], axis=2), 8, 4)
    yield "png-grey-alpha16", png(np.concatenate([wide[..., :1], wide[..., 2:]], axis=2), 16, 4)
    yield "png-rgb-alpha8", png(np.concatenate([rgb, alpha], axis=2), 8, 6)
    yield "png-rgb-alpha16", png(np.concatenate([wide, wide[..., :1]], axis=2), 16, 6)
    yield "png-grey4-transparent", png(grey >> 4, 4, 0, chunk(b"tRNS", struct.pack(">H", 5)))
    yield "png-rgb8-transparent", png(rgb, 8, 2, chunk(b"tRNS", struct.pack(">HHH", *map(int, rgb[3, 4]))))
    yield "png-palette4-transparent", png(grey >> 4, 4, 3, palette[4] + chunk(b"tRNS", bytes(range(0, 160, 16))))
    yield "png-grey1-interlaced", png(grey >> 7, 1, 0, interlaced=True)
    yield "png-palette2-interlaced", png(grey >> 6, 2, 3, palette[2], interlaced=True)
    yield "png-rgb8-interlaced", png(rgb, 8, 2, interlaced=True)
    yield "png-rgb-alpha16-interlaced", png(np.concatenate([wide, wide[..., :1]], axis=2), 16, 6, interlaced=True)
    yield "png-gamma", png(rgb, 8, 2, chunk(b"gAMA", struct.pack(">I", 100000)))
    yield "png-1x1", png(rgb[:1, :1], 8, 2)
    yield "png-1x1-interlaced", png(rgb[:1, :1], 8, 2, interlaced=True)


def broken():
    """(name, bytes, error, whether only strict decoding notices)"""
    rgb = photograph(*JPEG_SIZE, seed=1)
    jpeg = pillow(Image.fromarray(rgb), "JPEG", quality=90)
    progressive = pillow(Image.fromarray(rgb), "JPEG", quality=88, progressive=True)
    restarts = pillow(Image.fromarray(rgb), "JPEG", quality=80, restart_marker_blocks=3)
    start = len(jpeg) - len(segments(jpeg)[1])
    yield "no-bytes.JPEG", b"", "empty", False
    yield "text.JPEG", b"<html>404 Not Found</html>\n", "unknownFormat", False
    yield "cut-in-header.JPEG", jpeg[:start // 2], "truncated", False
    yield "cut-in-scan.JPEG", jpeg[:start + (len(jpeg) - start) // 2], "truncated", False
    yield "cut-progressive.JPEG", progressive[:len(progressive) * 2 // 3], "truncated", False
    last_scan = progressive.rindex(b"\xff\xda")
    yield "last-scan-missing.JPEG", progressive[:last_scan], "truncated", False
    yield "ends-early.JPEG", jpeg[:start + (len(jpeg) - start) // 2] + b"\xff\xd9", "damaged", False
    third = restarts.index(b"\xff\xd2")
    yield "restart-missing.JPEG", restarts[:third] + restarts[third + 2:], "damaged", False
    yield "left-over-in-scan.JPEG", restarts[:third] + b"\x12\x34" + restarts[third:], "damaged", False
    scan = bytearray(jpeg)
    # A run of ones is no Huffman code.
    scan[start + 200:start + 208] = b"\xff\0" * 4
    yield "bad-codes.JPEG", bytes(scan), "damaged", False
    yield "12-bit.JPEG", patched(jpeg, 0xC0, 0, 12), "unsupported", False
    frame = jpeg.index(b"\xff\xc0")
    yield "lossless.JPEG", jpeg[:frame + 1] + b"\xc3" + jpeg[frame + 2:], "unsupported", False
    yield "hierarchical.JPEG", jpeg[:frame + 1] + b"\xc5" + jpeg[frame + 2:], "unsupported", False
    yield "two-components.JPEG", jpeg_by_hand(rgb, [(1, 1)] * 2, components=2), "unsupported", False
    yield "101-scans.JPEG", jpeg_of_many_scans(101), "unsupported", False
    size = struct.pack(">HH", 20000, 20000)
    yield "20000x20000.JPEG", jpeg[:frame + 5] + size + jpeg[frame + 9:], "tooLarge", False
    size = struct.pack(">HH", 13000, 13000)
    yield "13000x13000-without-data.JPEG", jpeg[:frame + 5] + size + jpeg[frame + 9:], "damaged", False
    yield "no-end-marker.JPEG", jpeg[:-2], "damaged", True
    yield "bytes-before-marker.JPEG", jpeg[:-2] + b"\x42\x42" + jpeg[-2:], "damaged", True
    yield "unknown-jfif.JPEG", patched(jpeg, 0xE0, 5, 9), "damaged", True

    small = photograph(*PNG_SIZE, seed=3)
    whole = png(small, 8, 2)
    data = whole.index(b"IDAT")
    yield "no-pixels.png", png(small[:0], 8, 2), "damaged", False
    yield "cut-in-signature.png", whole[:6], "truncated", False
    yield "cut-in-header.png", whole[:20], "truncated", False
    yield "cut-in-data.png", whole[:data + 400], "truncated", False
    yield "cut-interlaced.png", png(small, 8, 2, interlaced=True)[:data + 400], "truncated", False
    yield "bad-data-checksum.png", whole[:data + 400] + b"!" + whole[data + 401:], "damaged", False
    yield "too-few-rows.png", whole.replace(
        whole[12:33], chunk(b"IHDR", struct.pack(">IIBBBBB", *PNG_SIZE[:1], 40, 8, 2, 0, 0, 0))[4:]), "damaged", False
    yield "no-palette.png", png(small[..., 0], 8, 3), "damaged", False
    header = struct.pack(">IIBBBBB", 20000, 20000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(2501 * 20000), 9)
    yield "20000x20000.png", (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows)
                              + chunk(b"IEND", b"")), "tooLarge", False
    yield "no-end-chunk.png", whole[:-12], "truncated", True
    yield "bad-text-checksum.png", png(small, 8, 2, chunk(b"tEXt", b"Title\0?", checksum=1)), "damaged", True
    yield "beyond-palette.png", png(
        small[..., 0] % 5, 4, 3, chunk(b"PLTE", bytes(range(9)))), "damaged", True


def expected(name, data):
    image = Image.open(io.BytesIO(data))
    if image.mode == "I;16":
        return (np.array(image) >> 8).astype(np.uint8)[..., None].repeat(3, axis=2)
    return np.array(image.convert("RGB"))


def main():
    default = Path(__file__).parent.parent / "Tests/Fixtures/images"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    (folder / "broken").mkdir(parents=True, exist_ok=True)
    manifest = {"sound": [], "broken": []}

    def write(name, data):
        pixels = expected(name, data)
        (folder / name).write_bytes(data)
        (folder / (Path(name).stem + ".rgb")).write_bytes(pixels.tobytes())
        manifest["sound"].append({"file": name, "width": pixels.shape[1], "height": pixels.shape[0]})

    for name, data in sound_jpegs():
        write(name + ".jpeg", data)
    for name, data in sound_pngs():
        write(name + ".png", data)
    # Names that lie.
    write("a-png-in-fact.JPEG", dict(sound_pngs())["png-rgb8"])
    write("a-jpeg-in-fact.png", dict(sound_jpegs())["jpeg-422"])
    # What comes of encoding a decoded picture again.
    again = Image.open(io.BytesIO(dict(sound_jpegs())["jpeg-444"])).convert("RGB")
    write("jpeg-444-again.jpeg", pillow(again, "JPEG", quality=77))
    wide = photograph(*PNG_SIZE, seed=3)[..., 1].astype(np.uint16) * 251 + 7
    write("png-grey16.png", png(wide, 16, 0))

    for name, data, error, strict_only in broken():
        (folder / "broken" / name).write_bytes(data)
        manifest["broken"].append({"file": name, "error": error, "strict_only": strict_only})
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main()
