import Foundation
import Images
import Tensors

extension DataKind {
  static let shapes = DataKind(
    name: "shapes", forms: ["shapes", "shapes:TRAINxTEST"], takesClassList: false
  ) { argument throws(BadArgument) in
    let counts = (argument ?? "8000x2000").split(separator: "x", omittingEmptySubsequences: false).map {
      Int($0)
    }
    let allowed = 1...ShapesDataset.largestCount
    guard counts.count == 2, let train = counts[0], let test = counts[1], allowed.contains(train),
      allowed.contains(test)
    else {
      throw BadArgument(rule: "write two counts from 1 to \(allowed.upperBound), for example shapes:512x128")
    }
    return { _ in
      DataParts(train: ShapesDataset(.train, count: train), test: ShapesDataset(.test, count: test))
    }
  }
}

/// Built-in images of 32×32 pixels that need no files: ten textured shapes under nuisance colours,
/// position, scale, rotation and background.
///
/// Each image is a pure function of its number, the same in every run, whatever the run's seed. Labels come
/// in turn (index modulo 10), so that any run of images is balanced.
public struct ShapesDataset: ImageDataset {
  public enum Part: String, Sendable {
    case train, test
  }

  /// Test images are numbered from here on, so that no training set can hold one.
  static let largestCount = 1 << 30
  private static let seed: UInt64 = 0x5348_4150_4553  // "SHAPES"

  public let count: Int
  public let part: Part
  public var name: String { "shapes \(part.rawValue)" }
  public var classNames: [String] { TexturedShape.allCases.map(\.name) }
  public var imageSize: Int { 32 }
  /// Rounded from 8,000 training images: means 0.500, 0.501, 0.501, deviations 0.221, 0.213, 0.226.
  public let normalization = Normalization(mean: [0.5, 0.5, 0.5], deviation: [0.22, 0.22, 0.22])

  public init(_ part: Part, count: Int) {
    precondition(count >= 1 && count <= Self.largestCount, "\(count) shapes")
    self.part = part
    self.count = count
  }

  public func label(at index: Int) -> Int? { index % TexturedShape.allCases.count }

  public func storedImage(at index: Int) -> StoredImage { .pixels(image(at: index)) }

  /// Draws image `index`.
  public func image(at index: Int) -> RGBImage {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    let number = part == .train ? index : Self.largestCount + index
    let draws = RandomDraws(seed: Self.seed, purpose: .dataset, index: number)
    return ShapeScene(TexturedShape.allCases[index % TexturedShape.allCases.count], draws: draws).rendered(
      side: imageSize, noise: draws)
  }
}
