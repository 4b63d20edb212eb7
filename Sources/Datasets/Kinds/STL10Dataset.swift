import Foundation
import Foundations
import Images

extension DataKind {
  static let stl10 = inFolder("stl10") { folder, opener in
    try opener.communicator.agree { try STL10Dataset.open(folder) }
  }
}

extension Normalization {
  /// Of the 5,000 labelled STL-10 training images, as other implementations have it.
  static let stl10 = Normalization(mean: [0.4467, 0.4398, 0.4066], deviation: [0.2603, 0.2566, 0.2713])
}

/// One part of STL-10: 96×96 pixels, ten classes, and many more images without labels than with. Images stay in their
/// file until they are asked for: there are 2.8 GB of them.
///
/// Source: Coates, Lee and Ng, "An Analysis of Single-Layer Networks in Unsupervised Feature Learning" (2011), binary
/// version: images of three planes, red, green, blue, each column after column; labels of a byte, from 1 to 10.
struct STL10Dataset: ImageDataset {
  let name: String
  let count: Int
  let classNames: [String]
  var imageSize: Int { Self.side }
  var normalization: Normalization { .stl10 }
  var residentBytes: Int { labels?.count ?? 0 }

  private static let side = 96
  private static let imageBytes = 3 * side * side
  private static let classCount = 10

  private let path: FilePath
  /// From 0; nil: the unlabelled part.
  private let labels: [UInt8]?

  /// The data set as its authors mean it: learn from the unlabelled images, be measured by the labelled ones. Without
  /// the unlabelled ones the labelled ones are trained on.
  static func open(_ folder: String) throws(DatasetError) -> DataParts {
    let labelled = try STL10Dataset("train", isLabelled: true, in: folder)
    let test = try STL10Dataset("test", isLabelled: true, in: folder)
    guard FileManager.default.fileExists(atPath: "\(folder)/unlabeled_X.bin") else {
      return DataParts(
        train: labelled, test: test,
        warnings: ["stl10: \(folder) holds no unlabeled_X.bin: only the labelled images are trained on"],
        digest: DataParts.digest(ofLabelsIn: PerPart(train: labelled, test: test)))
    }
    let unlabelled = try STL10Dataset("unlabeled", isLabelled: false, in: folder)
    return DataParts(
      train: unlabelled, reference: labelled, test: test,
      digest: DataParts.digest(
        ofLabelsIn: PerPart(train: unlabelled, reference: labelled, test: test)))
  }

  private init(_ part: String, isLabelled: Bool, in folder: String) throws(DatasetError) {
    name = "stl10 \(part)"
    path = FilePath(folder: folder, "\(part)_X.bin".utf8)
    let bytes: Int
    do throws(DataFault) {
      bytes = try ImageFile(path).byteCount
    } catch {
      throw .unreadable(path: path.text, reason: error.reason)
    }
    guard bytes > 0, bytes % Self.imageBytes == 0 else {
      throw .notWholeRecords(path: path.text, bytes: bytes, recordBytes: Self.imageBytes)
    }
    count = bytes / Self.imageBytes
    labels = isLabelled ? try Self.labels(of: part, count: count, in: folder) : nil
    classNames = isLabelled ? Self.classNames(folder) : []
  }

  private static func labels(
    of part: String, count: Int, in folder: String
  ) throws(DatasetError) -> [UInt8] {
    let path = "\(folder)/\(part)_y.bin"
    let bytes: Data
    do { bytes = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw .unreadable(path: path, reason: error.fileReason)
    }
    guard bytes.count == count else {
      throw .damaged(
        path: path,
        problem: "it has \(bytes.count) labels, \(part)_X.bin has \(count) images; fetch both again")
    }
    if let number = bytes.firstIndex(where: { !(1...classCount).contains(Int($0)) }) {
      throw .damaged(
        path: path,
        problem:
          "image \(number) (counting from 0) has label \(bytes[number]), labels go from 1 to \(classCount); "
          + "fetch it again")
    }
    return bytes.map { $0 - 1 }
  }

  /// The names in the list beside the data; numbers where there is no list of the right length.
  private static func classNames(_ folder: String) -> [String] {
    let list = (try? String(contentsOfFile: "\(folder)/class_names.txt", encoding: .utf8)) ?? ""
    let names = list.split(whereSeparator: \.isNewline).map(String.init)
    return names.count == classCount ? names : (0..<classCount).map(String.init)
  }

  func label(at index: Int) -> Int? { labels.map { Int($0[index]) } }

  func storedImage(at index: Int) throws -> StoredImage {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    let bytes: [UInt8]
    do throws(DataFault) {
      bytes = try ImageFile(path).read(index * Self.imageBytes..<(index + 1) * Self.imageBytes)
    } catch {
      throw DatasetError.badImage(name: imageName(at: index), reason: error.reason)
    }
    let (side, plane) = (Self.side, Self.side * Self.side)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(bytes.count)
    for y in 0..<side {
      for x in 0..<side {
        for channel in 0..<3 { pixels.append(bytes[channel * plane + x * side + y]) }
      }
    }
    return .pixels(RGBImage(width: side, height: side, pixels: pixels))
  }
}
