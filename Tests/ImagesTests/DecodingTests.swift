import Foundation
import Images
import TestSupport
import Testing

@Suite struct DecodingTests {
  /// Without this, a manifest that cannot be read would pass as no pictures at all.
  @Test func fixturesAreThere() {
    #expect(ImageFixtures.manifest.sound.count == 49)
    #expect(ImageFixtures.manifest.broken.count == 32)
  }

  @Test(arguments: ImageFixtures.manifest.sound)
  func everyKindHasPillowsPixels(fixture: ImageFixtures.Sound) throws {
    let image = try EncodedImage(fixture.bytes()[...])
    #expect(image.width == fixture.width && image.height == fixture.height)
    for strict in [false, true] {
      let decoded = try image.decoded(strict: strict)
      #expect(decoded.width == fixture.width && decoded.height == fixture.height)
      let worst = try zip(decoded.pixels, fixture.pixels()).map { abs(Int($0) - Int($1)) }.max()
      #expect(worst == 0, "differs by up to \(worst ?? -1)")
    }
  }

  @Test func bytesDecideAndNotTheName() throws {
    #expect(try EncodedImage(ImageFixtures.bytes("a-png-in-fact.JPEG")[...]).format == .png)
    #expect(try EncodedImage(ImageFixtures.bytes("a-jpeg-in-fact.png")[...]).format == .jpeg)
  }

  /// A picture in a packed shard lies somewhere inside a block.
  @Test func aSliceIsDecodedWhereItLies() throws {
    let fixture = try #require(ImageFixtures.manifest.sound.first)
    let block = try [1, 2, 3] + fixture.bytes() + [0xFF, 0xD8, 0xFF]
    let image = try EncodedImage(block[3..<block.count - 3])
    let isSame = try image.decoded().pixels == fixture.pixels()
    #expect(isSame)
  }

  @Test(arguments: ImageFixtures.manifest.broken)
  func brokenPicturesAreErrors(fixture: ImageFixtures.Broken) throws {
    let bytes = try fixture.bytes()
    let decode = { (strict: Bool) throws(ImageError) in try EncodedImage(bytes[...]).decoded(strict: strict) }
    if fixture.strict_only {
      #expect(throws: Never.self) { try decode(false) }
    } else {
      #expect(name(of: { () throws(ImageError) in try decode(false) }) == fixture.error)
    }
    #expect(name(of: { () throws(ImageError) in try decode(true) }) == fixture.error)
  }

  /// Wherever a file is cut, it is an error as soon as a row is missing.
  @Test(arguments: ImageFixtures.manifest.sound)
  func everyCutIsNoticed(fixture: ImageFixtures.Sound) throws {
    let bytes = try fixture.bytes()
    let pixels = try fixture.pixels()
    // Collected: a decoder that notices nothing would fail thousands of times.
    var unnoticed: [Int] = []
    for count in 0..<bytes.count {
      // A cut in the end marker or after the last row takes nothing away.
      if let decoded = try? EncodedImage(bytes[..<count]).decoded() {
        let isWhole = decoded.pixels == pixels && count > bytes.count - 30
        if !isWhole { unnoticed.append(count) }
      }
      let strict = try? EncodedImage(bytes[..<count]).decoded(strict: true)
      if strict != nil { unnoticed.append(count) }
    }
    #expect(unnoticed.isEmpty, "of \(bytes.count) bytes")
  }

  /// What a fuzzer found that takes another way through the wrappers: spoiled files, whose bytes say nothing good.
  @Test func foundInputsAreErrorsOrPictures() throws {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: ImageFixtures.folder.appendingPathComponent("found").path)
    #expect(names.count == 90)
    for name in names {
      do {
        let image = try EncodedImage(ImageFixtures.bytes("found/" + name)[...])
        guard image.width * image.height < 1_000_000 else { continue }
        let decoded = try image.decoded()
        #expect(decoded.width == image.width && decoded.height == image.height)
        let isSame = try image.decoded(strict: true) == decoded
        #expect(isSame, "\(name)")
      } catch {
        #expect(error is ImageError, "\(name): \(error)")
      }
    }
  }

  @Test func damageBelowTheBoxGoesUnseen() throws {
    let bytes = try ImageFixtures.bytes("broken/cut-in-scan.JPEG")
    let image = try EncodedImage(bytes[...])
    let whole = try EncodedImage(ImageFixtures.bytes("jpeg-420.jpeg")[...]).decoded()
    let box = CropBox(top: 0, left: 3, height: 5, width: 20)
    let isSame = try image.decoded(covering: box).pixels == whole.cut(box)
    #expect(isSame)
    #expect(throws: ImageError.truncated(.jpeg)) {
      try image.decoded(covering: CropBox(top: image.height - 1, left: 0, height: 1, width: 1))
    }
  }

  @Test func errorsSayWhatIsWrong() {
    #expect("\(ImageError.noMemory)" == "there is not enough memory to decode or encode it")
    #expect(
      "\(ImageError.unsupported(.jpeg, reason: "why"))"
        == "the JPEG is of a kind that is not decoded: why")
    let bytes = try? ImageFixtures.bytes("broken/bad-codes.JPEG")
    #expect(
      throws: ImageError.damaged(.jpeg, reason: "Corrupt JPEG data: bad Huffman code")
    ) { try EncodedImage((bytes ?? [])[...]).decoded() }
  }

  private func name(of body: () throws(ImageError) -> RGBImage) -> String {
    do {
      _ = try body()
      return "none"
    } catch {
      return switch error {
      case .empty: "empty"
      case .unknownFormat: "unknownFormat"
      case .truncated: "truncated"
      case .damaged: "damaged"
      case .unsupported: "unsupported"
      case .noMemory: "noMemory"
      case .tooLarge: "tooLarge"
      }
    }
  }
}

extension RGBImage {
  /// The pixels inside a box.
  func cut(_ box: CropBox) -> RGBImage {
    var result: [UInt8] = []
    for y in box.top..<box.top + box.height {
      result += pixels[3 * (y * width + box.left)..<3 * (y * width + box.left + box.width)]
    }
    return RGBImage(width: box.width, height: box.height, pixels: result)
  }
}
