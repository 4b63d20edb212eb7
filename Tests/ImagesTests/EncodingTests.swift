import Foundation
import Images
import TestSupport
import Testing

@Suite struct EncodingTests {
  private func noise(width: Int, height: Int) -> RGBImage {
    var numbers = TestNumbers(seed: 3)
    return RGBImage(
      width: width, height: height,
      pixels: (0..<3 * width * height).map { _ in UInt8.random(in: 0...255, using: &numbers) })
  }

  @Test(arguments: [(1, 1), (7, 5), (300, 200)])
  func pngKeepsEveryPixel(width: Int, height: Int) throws {
    let image = noise(width: width, height: height)
    let isSame = try EncodedImage(image.pngData()[...]).decoded(strict: true) == image
    #expect(isSame)
  }

  @Test(arguments: [(1, 1), (17, 33), (300, 200)])
  func jpegKeepsTheSizeAndIsSound(width: Int, height: Int) throws {
    let image = noise(width: width, height: height)
    let decoded = try EncodedImage(image.jpegData(quality: 90)[...]).decoded(strict: true)
    #expect(decoded.width == width && decoded.height == height)
    let isDeterministic = try image.jpegData(quality: 90) == image.jpegData(quality: 90)
    #expect(isDeterministic)
  }

  /// Encoded again at the quality that Pillow was given, a picture that Pillow decoded is what Pillow would write.
  @Test func jpegIsPillows() throws {
    let source = try EncodedImage(ImageFixtures.bytes("jpeg-444.jpeg")[...]).decoded()
    let expected = try EncodedImage(ImageFixtures.bytes("jpeg-444-again.jpeg")[...]).decoded()
    let isSame = try EncodedImage(source.jpegData(quality: 77)[...]).decoded() == expected
    #expect(isSame)
    let isOther = try EncodedImage(source.jpegData(quality: 78)[...]).decoded() != expected
    #expect(isOther)
  }

  @Test func jpegHasALargestSide() throws {
    let image = RGBImage(width: 65_501, height: 1, pixels: Array(repeating: 9, count: 3 * 65_501))
    #expect(throws: ImageError.self) { try image.jpegData(quality: 50) }
    let isSame = try EncodedImage(image.pngData()[...]).decoded() == image
    #expect(isSame)
  }
}
