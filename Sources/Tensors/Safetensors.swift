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
    let layout = SafetensorsLayout(
      tensors.map { .init(name: $0.name, shape: $0.shape, dtype: $0.dtype) }, metadata: metadata)
    var file = Data(capacity: layout.byteCount)
    file.append(layout.head)
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
}
