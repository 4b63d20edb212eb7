import Foundation
import Foundations

/// Where named tensors lie in a safetensors file, which is known before their numbers are.
public struct SafetensorsLayout: Sendable {
  /// A tensor without its numbers.
  public struct Field: Sendable {
    public let name: String
    public let shape: [Int]
    public let dtype: SafetensorsType

    public init(name: String, shape: [Int], dtype: SafetensorsType) {
      self.name = name
      self.shape = shape
      self.dtype = dtype
    }
  }

  /// What the file begins with: the header and its length.
  public let head: Data
  /// Positions in the file, by field.
  public let ranges: [Range<Int>]

  /// Bytes of the file.
  public var byteCount: Int { ranges.last?.upperBound ?? head.count }

  /// - Parameters:
  ///   - fields: In the order of their numbers; their names differ.
  ///   - metadata: Free text, written in the order of its keys.
  public init(_ fields: [Field], metadata: [String: String] = [:]) {
    precondition(Set(fields.map { ByteName($0.name) }).count == fields.count, "tensor names must differ")
    var entries: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map {
        "\(Self.quoted($0.key)):\(Self.quoted($0.value))"
      }
      entries.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offsets: [Range<Int>] = []
    for field in fields {
      let shape = field.shape.map(String.init).joined(separator: ",")
      let start = offsets.last?.upperBound ?? 0
      let end = start + field.shape.reduce(field.dtype.size, *)
      entries.append(
        "\(Self.quoted(field.name)):{\"dtype\":\"\(field.dtype.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(start),\(end)]}")
      offsets.append(start..<end)
    }
    var header = Data("{\(entries.joined(separator: ","))}".utf8)
    header.append(Data(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    var head = Data(capacity: 8 + header.count)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { head.append(contentsOf: $0) }
    head.append(header)
    self.head = head
    ranges = offsets.map { head.count + $0.lowerBound..<head.count + $0.upperBound }
  }

  /// A JSON string: only what JSON requires is escaped.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
