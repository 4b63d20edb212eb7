import Foundation
import Tensors
import Testing

@testable import Images

/// The JPEGs of imagenet100-sample, in order of their paths; none without SLUICE_DATA.
enum SampleImages {
  static let files: [URL] = {
    guard let root = ProcessInfo.processInfo.environment["SLUICE_DATA"] else { return [] }
    let folder = URL(fileURLWithPath: root).appendingPathComponent("imagenet100-sample")
    let found = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (found?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "JPEG" }
      .sorted { $0.path < $1.path }
  }()
}

/// What decoding at a lower resolution costs in exactness, on photographs.
@Suite(.enabled(if: !SampleImages.files.isEmpty, "SLUICE_DATA names no folder with imagenet100-sample"))
struct ScaledDecodingTests {
  /// The views of a quarter of the pixels of an ImageNet view, so that half of the crops are decoded at a lower
  /// resolution.
  @Test func viewsOfScaledPicturesAreCloseToThoseOfWholeOnes() throws {
    var differences: [Int: [Double]] = [:]
    for (index, file) in SampleImages.files.prefix(40).enumerated() {
      let image = try EncodedImage([UInt8](Data(contentsOf: file))[...])
      let whole = try image.decoded()
      let view = AugmentationParameters(
        drawnFor: AugmentationConfiguration(), width: image.width, height: image.height,
        draws: RandomDraws(seed: 1, purpose: .augmentation, index: index, epoch: 0, view: 0))
      let crop = AugmentationParameters(crop: view.crop)
      let size = 112
      let eighths = image.eighths(for: crop.crop, size: size)
      guard eighths < 8 else { continue }
      let full = crop.apply(to: whole, size: size, interpolation: .bicubic)
      let scaled = crop.apply(
        to: try image.decoded(covering: crop.crop, eighths: eighths), size: size, interpolation: .bicubic
      ).interleaved
      let sum = zip(full.pixels, scaled.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      let mean = Double(sum) / Double(full.pixels.count)
      #expect(mean < 4, "\(file.lastPathComponent), \(crop.crop) at \(eighths)/8")
      differences[eighths, default: []].append(mean)
    }
    let all = differences.values.flatMap(\.self)
    #expect(all.count >= 10 && all.reduce(0, +) / Double(all.count) < 2, "\(differences)")
  }
}
