import Foundation
import Foundations

/// A number type that safetensors files hold.
public protocol SafetensorsElement: BitwiseCopyable, Sendable {
  static var dtype: SafetensorsType { get }
}

/// The element types that Sluice reads, by their names in the format. It writes all but BOOL and the two of 16 bits.
public enum SafetensorsType: String, Sendable, CaseIterable {
  case float32 = "F32"
  case float64 = "F64"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case int64 = "I64"
  case uint8 = "U8"
  case bool = "BOOL"

  var size: Int {
    switch self {
    case .uint8, .bool: 1
    case .float16, .bfloat16: 2
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }
}

extension Float: SafetensorsElement { public static var dtype: SafetensorsType { .float32 } }
extension Double: SafetensorsElement { public static var dtype: SafetensorsType { .float64 } }
extension Int32: SafetensorsElement { public static var dtype: SafetensorsType { .int32 } }
extension Int64: SafetensorsElement { public static var dtype: SafetensorsType { .int64 } }
extension UInt8: SafetensorsElement { public static var dtype: SafetensorsType { .uint8 } }

/// What is wrong with a safetensors file.
public enum SafetensorsError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case malformed(path: String, problem: String)
  case missingTensor(path: String, name: String)
  case wrongType(path: String, name: String, expected: String, found: String)
  case unwritable(path: String, reason: String)

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
    case .malformed(let path, let problem): "\(path): not a valid safetensors file: \(problem)"
    case .missingTensor(let path, let name): "\(path): holds no tensor '\(name)'"
    case .wrongType(let path, let name, let expected, let found):
      "\(path): '\(name)' holds \(found) numbers, expected \(expected)"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    }
  }
}

/// Writes safetensors files, byte for byte the same for the same tensors and metadata.
///
/// Source: the format's description at https://huggingface.co/docs/safetensors: 8 bytes little-endian header
/// length, a JSON header padded with spaces, then the raw little-endian numbers, row-major, without gaps.
public enum Safetensors {
  /// One named tensor.
  public struct Entry: Sendable {
    public let name: String
    public let shape: [Int]
    public let dtype: SafetensorsType
    /// The numbers as files have them: little-endian, row-major.
    public let data: Data

    /// - Parameter values: Row-major, as many as `shape` says; an empty shape is one number.
    public init<Element: SafetensorsElement>(name: String, shape: [Int], values: [Element]) {
      precondition(
        values.count == shape.reduce(1, *), "'\(name)': \(values.count) numbers for shape \(shape)")
      self.name = name
      self.shape = shape
      dtype = Element.dtype
      data = values.withUnsafeBytes { Data($0) }
    }
  }

  /// The bytes of a file that holds `tensors` in this order.
  ///
  /// - Parameter metadata: Free text, written in the order of its keys.
  public static func encode(_ tensors: [Entry], metadata: [String: String] = [:]) -> Data {
    precondition(Set(tensors.map { ByteName($0.name) }).count == tensors.count, "tensor names must differ")
    var fields: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      fields.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + tensor.data.count
      fields.append(
        "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Data("{\(fields.joined(separator: ","))}".utf8)
    header.append(Data(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8))

    var file = Data(capacity: 8 + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { file.append(contentsOf: $0) }
    file.append(header)
    for tensor in tensors { file.append(tensor.data) }
    return file
  }

  /// Writes `tensors` to the file at `path`, replacing what is there.
  ///
  /// - Throws: `SafetensorsError.unwritable`.
  public static func write(
    _ tensors: [Entry], metadata: [String: String] = [:], to path: String
  ) throws(SafetensorsError) {
    do {
      try encode(tensors, metadata: metadata).write(to: URL(fileURLWithPath: path))
    } catch {
      throw .unwritable(path: path, reason: error.fileReason)
    }
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
