import CZlib
import Crypto
import Foundation
import Foundations
import Images
import Tensors

/// What a shard holds and where: the text file `train-00000.idx` beside `train-00000.tar`.
///
/// Lines of fields between tabs, numbers decimal but for the CRC-32:
/// ```
/// sluice shard 1
/// shard     NAME  BYTES  SHA-256  BYTES OF THE SOURCE'S IMAGES
/// skipped   NAME  REASON                          one for each image left out
/// OFFSET    LENGTH  LABEL  CRC-32 (8 hex digits)  MEMBER      one for each image, in the order of the shard; LABEL is
///                                                             - where there is none
/// checksum  SHA-256 of all bytes above this line
/// ```
public struct ShardIndex: Equatable, Sendable {
  /// One image.
  public struct Record: Equatable, Sendable {
    /// Where its bytes begin in the shard, behind their tar header.
    public var offset: Int
    public var length: Int
    public var label: Int?
    public var checksum: UInt32
    /// Its name in the tar file, for example `00000042.jpg`.
    public var member: String

    package init(offset: Int, length: Int, label: Int?, checksum: UInt32, member: String) {
      self.offset = offset
      self.length = length
      self.label = label
      self.checksum = checksum
      self.member = member
    }
  }

  /// Of the shard, for example `train-00000.tar`.
  public var name: String
  public var bytes: Int
  public var sha256: String
  /// What the images took in the source; for pixels three bytes each.
  public var sourceBytes: Int
  public var records: [Record]
  /// Images of the source that could not be used.
  public var skipped: [DataFault]

  /// Of a shard that holds nothing yet.
  package init(of shard: String) {
    (name, bytes, sha256, sourceBytes, records, skipped) = (shard, 0, "", 0, [], [])
  }

  static let header = "sluice shard 1"

  /// Where a shard's index is.
  package static func fileName(of shard: String) -> String {
    (shard.hasSuffix(".tar") ? String(shard.dropLast(4)) : shard) + ".idx"
  }

  /// CRC-32 as zlib computes it.
  package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBytes { zlib_crc32($0.baseAddress, $0.count) }
  }

  /// The file's text.
  package func encoded() -> Data {
    var text = "\(Self.header)\nshard\t\(name)\t\(bytes)\t\(sha256)\t\(sourceBytes)\n"
    for fault in skipped.map(\.onOneLine) { text += "skipped\t\(fault.name)\t\(fault.reason)\n" }
    for record in records {
      let hex = String(record.checksum, radix: 16)
      let digits = String(repeating: "0", count: 8 - hex.count) + hex
      text +=
        "\(record.offset)\t\(record.length)\t\(record.label.map(String.init) ?? "-")\t\(digits)\t\(record.member)\n"
    }
    let data = Data(text.utf8)
    return data + Data("checksum\t\(DurableFiles.digest(data))\n".utf8)
  }

  /// Reads what `encoded` wrote.
  ///
  /// - Throws: `DatasetError.damaged` with `path`.
  public init(_ data: [UInt8], path: String) throws(DatasetError) {
    let advice = "restore it, or pack again"
    let lastLine = data.dropLast().lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let checksum = String(decoding: data[lastLine...], as: UTF8.self)
    guard checksum == "checksum\t\(DurableFiles.digest(Data(data[..<lastLine])))\n" else {
      throw .damaged(path: path, problem: "its last line is not the checksum of the others; \(advice)")
    }
    var lines = data[..<lastLine].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .dropLast().enumerated().makeIterator()
    func text(_ field: ArraySlice<UInt8>) -> String { String(decoding: field, as: UTF8.self) }
    guard let first = lines.next(), text(first.element) == Self.header else {
      throw .damaged(path: path, problem: "its first line is not '\(Self.header)', the format that is known")
    }
    (name, bytes, sha256, sourceBytes, records, skipped) = ("", 0, "", 0, [], [])
    while let (number, line) = lines.next() {
      let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
      let isRead: Bool
      switch (fields.count, text(fields[0])) {
      case (5, "shard"):
        name = text(fields[1])
        sha256 = text(fields[3])
        let (shardBytes, images) = (Self.number(fields[2]), Self.number(fields[4]))
        (bytes, sourceBytes) = (shardBytes ?? 0, images ?? 0)
        isRead = shardBytes != nil && images != nil
      case (3, "skipped"):
        skipped.append(DataFault(name: text(fields[1]), reason: text(fields[2])))
        isRead = true
      case (5, _):
        let label = Self.number(fields[2])
        if let offset = Self.number(fields[0]), let length = Self.number(fields[1]),
          label != nil || text(fields[2]) == "-", let crc = UInt32(text(fields[3]), radix: 16)
        {
          records.append(
            Record(offset: offset, length: length, label: label, checksum: crc, member: text(fields[4])))
          isRead = true
        } else {
          isRead = false
        }
      default: isRead = false
      }
      guard isRead else {
        throw .damaged(path: path, problem: "line \(number + 1) is not one of an index; \(advice)")
      }
    }
    var end = 0
    for record in records {
      guard record.offset >= end, (1...EncodedImage.largestByteCount).contains(record.length),
        record.offset + record.length <= bytes
      else {
        throw .damaged(path: path, problem: "\(record.member) does not lie inside the shard; \(advice)")
      }
      end = record.offset + record.length
    }
  }

  /// Digits as a number of at most 15 of them; nil for anything else.
  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.count <= 15 else { return nil }
    var value = 0
    for digit in digits {
      guard digit >= 48, digit <= 57 else { return nil }
      value = 10 * value + Int(digit) - 48
    }
    return value
  }
}
