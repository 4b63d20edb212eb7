import Foundation
import Images
import TestSupport

/// The folder of golden augmentations, below one that SLUICE_GOLDEN lists.
enum AugmentGolden {
  static let folder: URL? = {
    guard let folder = Golden.folder("augment") else { return nil }
    let meta = folder.appendingPathComponent("meta.json")
    return FileManager.default.fileExists(atPath: meta.path) ? folder : nil
  }()

  static let cases: [AugmentCase] = {
    guard let folder, let data = try? Data(contentsOf: folder.appendingPathComponent("meta.json"))
    else { return [] }
    struct Meta: Decodable { let cases: [AugmentCase] }
    return (try? JSONDecoder().decode(Meta.self, from: data))?.cases ?? []
  }()

  /// The tensors by name: raw bytes.
  static let tensors: [String: Data] = (try? readSafetensors()) ?? [:]

  private static func readSafetensors() throws -> [String: Data] {
    guard let folder else { return [:] }
    let file = try Data(contentsOf: folder.appendingPathComponent("augment.safetensors"))
    let start = 8 + Int(file.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    let header = try JSONSerialization.jsonObject(with: file[8..<start]) as? [String: [String: Any]] ?? [:]
    return header.compactMapValues { entry in
      guard let offsets = entry["data_offsets"] as? [Int] else { return nil }
      return file.subdata(in: start + offsets[0]..<start + offsets[1])
    }
  }
}

/// One case of `meta.json`; the property names are the file's.
struct AugmentCase: Decodable, Sendable {
  struct Box: Decodable, Sendable {
    let top, left, height, width: Int
    var cropBox: CropBox { CropBox(top: top, left: left, height: height, width: width) }
  }
  struct UnknownStage: Error { let name: String }
  struct MissingTensor: Error { let name: String }

  let index: Int
  let source_size: [Int]
  let output_size: Int
  let box: Box
  let order: [String]
  let factors: [String: Double]
  let blur_sigma: Double
  let mean: [Double]
  let std: [Double]

  func stage(_ name: String) throws -> AugmentationParameters.JitterStage {
    switch (name, factors[name]) {
    case ("brightness", let factor?): .brightness(factor)
    case ("contrast", let factor?): .contrast(factor)
    case ("saturation", let factor?): .saturation(factor)
    case ("hue", let factor?): .hue(factor)
    default: throw UnknownStage(name: name)
    }
  }

  /// A stored picture; `size` is [width, height], the output's unless given. Nil where none is stored.
  func image(_ stage: String, _ size: [Int]? = nil) throws -> RGBImage? {
    guard let data = tensor(stage) else { return nil }
    let size = size ?? [output_size, output_size]
    return RGBImage(width: size[0], height: size[1], pixels: Array(data))
  }

  func floats(_ stage: String) throws -> [Float]? {
    tensor(stage).map { data in
      (0..<data.count / 4).map { i in
        data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4 * i, as: Float.self) }
      }
    }
  }

  func lastJitter() throws -> RGBImage {
    guard let last = order.last, let image = try image("jitter_\(last)") else {
      throw MissingTensor(name: "the last jitter stage of case \(index)")
    }
    return image
  }

  private func tensor(_ stage: String) -> Data? {
    AugmentGolden.tensors["\(index < 10 ? "0" : "")\(index).\(stage)"]
  }
}
