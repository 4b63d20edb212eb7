import Foundation
import Images
import TestSupport
import Testing

/// What a box covers has the same bits as the same place of the whole picture at the same scale.
@Suite struct RegionTests {
  @Test(arguments: ImageFixtures.manifest.sound)
  func everyBoxOfEveryKind(fixture: ImageFixtures.Sound) throws {
    let image = try EncodedImage(fixture.bytes()[...])
    var numbers = TestNumbers(seed: 11)
    try compareBoxes(of: image, count: 60, &numbers)
  }

  @Test func boxesAreRoundedOutward() throws {
    let image = try EncodedImage(ImageFixtures.bytes("jpeg-420.jpeg")[...])
    let region = try image.decoded(covering: CropBox(top: 7, left: 8, height: 2, width: 9), eighths: 2)
    #expect(region.top == 1 && region.left == 2)
    #expect(region.pixels.height == 2 && region.pixels.width == 3)
    let whole = try image.decoded(covering: image.bounds, eighths: 2)
    #expect(whole.pixels.width == 15 && whole.pixels.height == 11)
  }

  @Test func scaleKeepsTheSizeThatIsWanted() throws {
    let jpeg = try EncodedImage(ImageFixtures.bytes("jpeg-420.jpeg")[...])
    let png = try EncodedImage(ImageFixtures.bytes("png-rgb8.png")[...])
    func eighths(_ height: Int, _ width: Int) -> Int {
      jpeg.eighths(for: CropBox(top: 0, left: 0, height: height, width: width), size: 224)
    }
    #expect(eighths(375, 500) == 8)
    #expect(eighths(447, 2000) == 8)
    #expect(eighths(448, 448) == 4)
    #expect(eighths(895, 896) == 4)
    #expect(eighths(896, 896) == 2)
    #expect(eighths(1792, 5000) == 1)
    #expect(eighths(10, 10) == 8)
    #expect(png.eighths(for: CropBox(top: 0, left: 0, height: 2000, width: 2000), size: 224) == 8)
  }

  @Test(
    .enabled(
      if: RealImages.files.count > 0, "\(Golden.missing("imagenet100-sample", variable: "SLUICE_DATA"))"))
  func everyRealPictureIsDecoded() throws {
    for (number, file) in RealImages.files.enumerated() {
      let image = try EncodedImage(Array(Data(contentsOf: file))[...])
      #expect(throws: Never.self, "\(file.path)") { try image.decoded(strict: true) }
      // Boxes of all pictures of the sample, and of some of the many others.
      guard RealImages.isLarge(file) || number % 20 == 0 else { continue }
      var numbers = TestNumbers(seed: UInt64(number))
      try compareBoxes(of: image, count: 2, &numbers)
    }
  }

  private func compareBoxes(of image: EncodedImage, count: Int, _ numbers: inout TestNumbers) throws {
    var different: [String] = []
    for eighths in image.format == .jpeg ? [8, 4, 2, 1] : [8] {
      let whole = try image.decoded(covering: image.bounds, eighths: eighths).pixels
      for round in 0..<count {
        let limit = round % 3 == 0 ? 3 : Int.max
        let top = Int.random(in: 0..<image.height, using: &numbers)
        let left = Int.random(in: 0..<image.width, using: &numbers)
        let box = CropBox(
          top: top, left: left, height: Int.random(in: 1...min(limit, image.height - top), using: &numbers),
          width: Int.random(in: 1...min(limit, image.width - left), using: &numbers))
        let region = try image.decoded(covering: box, eighths: eighths)
        let place = CropBox(
          top: region.top, left: region.left, height: region.pixels.height, width: region.pixels.width)
        // Collected: a failed comparison of pictures would print both.
        if region.pixels != whole.cut(place) { different.append("\(box) at \(eighths)/8") }
        #expect(8 * place.top <= box.top * eighths && 8 * place.left <= box.left * eighths)
        #expect(8 * (place.top + place.height) >= (box.top + box.height) * eighths)
        #expect(8 * (place.left + place.width) >= (box.left + box.width) * eighths)
      }
    }
    #expect(different.isEmpty)
  }
}

/// The pictures in the folder named by SLUICE_DATA.
enum RealImages {
  static let files: [URL] = ["imagenet100-sample", "tiny-imagenet100"].flatMap { name -> [URL] in
    guard let folder = Golden.dataFolder(name),
      let found = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    else { return [] }
    return found.compactMap { $0 as? URL }.filter { $0.pathExtension == "JPEG" }
      .sorted { $0.path < $1.path }
  }

  static func isLarge(_ file: URL) -> Bool { file.path.contains("imagenet100-sample") }
}
