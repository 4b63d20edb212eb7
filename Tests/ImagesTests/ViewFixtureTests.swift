import Foundation
import Testing

@testable import Images

/// Crops at fractions of pixels and evaluation crops against Pillow and torchvision: see
/// scripts/make_view_fixtures.py.
@Suite struct ViewFixtureTests {
  struct Case: Decodable, Sendable {
    let picture: [Int]
    let interpolation: String
    /// Of a crop of a scaled picture.
    let eighths, left, top, width, height: Int?
    let size: [Int]?
    /// Of an evaluation crop.
    let shorter, side: Int?
  }

  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/views")

  @Test func cropsAreThoseOfPillow() throws {
    let cases = try JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: Self.folder.appendingPathComponent("cases.json")))
    #expect(cases.count == 10)
    for (number, c) in cases.enumerated() {
      let file = Self.folder.appendingPathComponent("\(number < 10 ? "0" : "")\(number).bin")
      #expect(try made(c).pixels == Array(Data(contentsOf: file)), "case \(number)")
    }
  }

  private func made(_ c: Case) throws -> RGBImage {
    let image = picture(c.picture[0], c.picture[1])
    let interpolation = try #require(Interpolation(rawValue: c.interpolation))
    if let shorter = c.shorter, let side = c.side {
      return image.evaluationCrop(shorterSide: shorter, side: side, interpolation: interpolation)
    }
    let box = CropBox(
      top: try #require(c.top), left: try #require(c.left), height: try #require(c.height),
      width: try #require(c.width))
    let size = try #require(c.size)
    return DecodedRegion(pixels: image, top: 0, left: 0, eighths: try #require(c.eighths))
      .resized(box, width: size[0], height: size[1], interpolation: interpolation).interleaved
  }

  /// The script's formula.
  private func picture(_ width: Int, _ height: Int) -> RGBImage {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let noise = ((((x * 40503 + y * 30341) & 0xFFFF) * 25173) >> 9) & 127
        for c in 0..<3 {
          pixels.append(UInt8((x * (c + 1) + y * (3 - c) + noise * (1 + c % 2)) & 255))
        }
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
