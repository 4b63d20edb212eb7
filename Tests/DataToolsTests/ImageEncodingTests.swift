import Images
import Testing

@testable import DataTools

@Suite struct ImageEncodingTests {
  private let image = RGBImage(
    width: 40, height: 20, pixels: (0..<2400).map { UInt8(truncatingIfNeeded: $0 * 7 / 3) })

  private func stored(_ bytes: [UInt8]) throws -> StoredImage { .encoded(try EncodedImage(bytes[...])) }

  @Test func filesKeepTheirBytes() throws {
    for bytes in [try image.jpegData(quality: 70), try image.pngData()] {
      let packed = try ImageEncoding().packed(stored(bytes))
      #expect(packed.bytes == bytes)
      #expect(packed.suffix == (bytes[0] == 0xFF ? "jpg" : "png"))
    }
  }

  @Test func pixelsBecomePNGUnlessAQualityIsGiven() throws {
    let png = try ImageEncoding().packed(.pixels(image))
    #expect(png.suffix == "png")
    #expect(try stored(png.bytes).decoded() == image)
    let small = try ImageEncoding(maxSide: 10).packed(.pixels(image))
    #expect(small.suffix == "png")
    #expect(
      try stored(small.bytes).decoded()
        == image.resizedCrop(image.bounds, width: 10, height: 5, interpolation: .bicubic))
    let jpeg = try ImageEncoding(quality: 80).packed(.pixels(image))
    #expect(jpeg.suffix == "jpg")
    #expect(try jpeg.bytes == image.jpegData(quality: 80))
  }

  @Test func filesThatChangeBecomeJPEGOfQuality90() throws {
    let file = try stored(image.pngData())
    let packed = try ImageEncoding(maxSide: 16).packed(file)
    let expected = image.resizedCrop(image.bounds, width: 16, height: 8, interpolation: .bicubic)
    #expect(packed.suffix == "jpg")
    #expect(try packed.bytes == expected.jpegData(quality: 90))
    #expect(
      try ImageEncoding(maxSide: 64).packed(file).bytes == image.jpegData(quality: 90), "never enlarged")
  }

  @Test func damagedImagesAreNotPacked() throws {
    let bytes = try image.jpegData(quality: 70)
    // Its header is whole.
    let part = try stored(Array(bytes.dropLast(20)))
    #expect(throws: ImageError.truncated(.jpeg)) { try ImageEncoding().packed(part) }
  }

  @Test func theLongerSideDecides() {
    let encoding = ImageEncoding(maxSide: 256)
    func size(_ width: Int, _ height: Int) -> [Int]? {
      encoding.resized(width: width, height: height).map { [$0.width, $0.height] }
    }
    #expect(size(500, 375) == [256, 192] && size(375, 500) == [192, 256])
    #expect(size(257, 257) == [256, 256] && size(256, 256) == nil && size(1, 1) == nil)
    #expect(size(10_000, 3) == [256, 1])
  }
}
