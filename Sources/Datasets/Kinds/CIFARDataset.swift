import Foundation
import Foundations
import Images
import Tensors

/// One part of CIFAR-10 or CIFAR-100, in memory.
///
/// Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009), binary version:
/// records without header or separator of label bytes (10: the label; 100: coarse, then fine, which is used)
/// and three planes of 32×32 bytes, red, green, blue.
public struct CIFARDataset: ImageDataset {
  public let name: String
  public let classNames: [String]
  public let normalization: Normalization
  public var imageSize: Int { Self.side }
  public var count: Int { labels.count }
  public var residentBytes: Int { labels.count + planes.count }

  static let side = 32
  static let pixelBytes = 3 * side * side
  private let labels: [UInt8]
  /// `[image][channel][row][column]`
  private let planes: [UInt8]

  /// Reads files one after the other.
  ///
  /// - Parameters:
  ///   - labelBytes: Before the pixels of a record; the last of them is the label.
  ///   - classNames: One name a label.
  /// - Throws: `DatasetError` that names the file, and the record where there is one.
  init(
    name: String, files: [URL], labelBytes: Int, classNames: [String], normalization: Normalization
  ) throws(DatasetError) {
    self.name = name
    self.classNames = classNames
    self.normalization = normalization
    var labels: [UInt8] = []
    var planes: [UInt8] = []
    let recordBytes = labelBytes + Self.pixelBytes
    for file in files {
      let bytes: Data
      do { bytes = try Data(contentsOf: file) } catch {
        throw .unreadable(path: file.path, reason: error.fileReason)
      }
      guard bytes.count > 0, bytes.count % recordBytes == 0 else {
        throw .notWholeRecords(path: file.path, bytes: bytes.count, recordBytes: recordBytes)
      }
      for record in 0..<bytes.count / recordBytes {
        let start = record * recordBytes
        let label = bytes[start + labelBytes - 1]
        guard Int(label) < classNames.count else {
          throw .labelOutOfRange(
            path: file.path, record: record, label: Int(label), classes: classNames.count)
        }
        labels.append(label)
        planes.append(contentsOf: bytes[start + labelBytes..<start + recordBytes])
      }
    }
    self.labels = labels
    self.planes = planes
  }

  public func label(at index: Int) -> Int? { Int(labels[index]) }

  public func storedImage(at index: Int) -> StoredImage {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    return planes.withUnsafeBufferPointer { planes in
      let start = index * Self.pixelBytes
      return .pixels(
        RGBImage(
          width: Self.side, height: Self.side,
          planes: UnsafeBufferPointer(rebasing: planes[start..<start + Self.pixelBytes])))
    }
  }
}
