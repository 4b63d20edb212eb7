import Foundation
import Foundations

/// A safetensors file that was read and checked: every tensor in it can be taken out.
public struct SafetensorsFile: Sendable {
  public let path: String
  /// Tensor names in the order of their numbers in the file. They differ in their bytes, if not to Unicode.
  public let names: [String]
  /// The free text of the header; empty if there is none.
  public let metadata: [String: String]
  private let tensors: [ByteName: Place]
  private let data: Data

  private struct Place: Sendable {
    let dtype: SafetensorsType
    let shape: [Int]
    /// Positions in `data`.
    let range: Range<Int>
  }

  /// Reads the file at `path` and checks all of its header.
  ///
  /// - Throws: `SafetensorsError.unreadable`, or `.malformed` with the first thing that is wrong: lengths,
  ///   JSON, an element type that is none of `SafetensorsType`, a shape that does not fill its bytes, or
  ///   bytes that are outside the file, shared, or nobody's.
  public init(contentsOf path: String) throws(SafetensorsError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw .unreadable(path: path, reason: error.fileReason)
    }
    try self.init(data, path: path)
  }

  /// Reads a file's bytes from memory; `path` is what errors name.
  public init(_ data: Data, path: String) throws(SafetensorsError) {
    func malformed(_ problem: String) -> SafetensorsError { .malformed(path: path, problem: problem) }
    let data = data.startIndex == 0 ? data : Data(data)
    guard data.count >= 8 else { throw malformed("it has \(data.count) bytes, fewer than the first field") }
    let length = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length >= 2, length <= UInt64(data.count - 8) else {
      throw malformed("it claims a header of \(length) bytes, the file has \(data.count) bytes")
    }
    let start = 8 + Int(length)
    guard data[8] == UInt8(ascii: "{") else { throw malformed("the header does not begin with '{'") }

    let header: SafetensorsHeader
    do {
      header = try SafetensorsHeader(data[8..<start])
    } catch {
      let place = error.place.isEmpty ? "" : " at " + error.place.joined(separator: " → ")
      throw malformed("the header is not the expected JSON\(place)")
    }

    var tensors: [ByteName: Place] = [:]
    for (name, field) in header.fields {
      guard let dtype = SafetensorsType(rawValue: field.dtype) else {
        let known = SafetensorsType.allCases.map(\.rawValue).joined(separator: ", ")
        throw malformed("'\(name)' has type \(field.dtype); known are \(known)")
      }
      let offsets = field.offsets
      guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0] else {
        throw malformed("'\(name)' has data_offsets \(offsets)")
      }
      guard offsets[1] <= data.count - start else {
        throw malformed(
          "'\(name)' ends at byte \(offsets[1]) of the data, the file ends at \(data.count - start)")
      }
      guard let size = Self.byteCount(field.shape, of: dtype), size == offsets[1] - offsets[0] else {
        throw malformed(
          "'\(name)' has shape \(field.shape) of \(dtype.rawValue) in \(offsets[1] - offsets[0]) bytes")
      }
      let place = Place(
        dtype: dtype, shape: field.shape, range: start + offsets[0]..<start + offsets[1])
      guard tensors.updateValue(place, forKey: ByteName(name)) == nil else {
        throw malformed("'\(name)' is there twice")
      }
    }

    let ordered = tensors.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
        < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
    }
    var end = start
    for (name, place) in ordered {
      if place.range.lowerBound < end { throw malformed("'\(name.text)' shares bytes with another tensor") }
      if place.range.lowerBound > end { throw malformed("bytes before '\(name.text)' belong to no tensor") }
      end = place.range.upperBound
    }
    guard end == data.count else {
      throw malformed("\(data.count - end) bytes after the last tensor belong to no tensor")
    }

    self.path = path
    self.data = data
    self.tensors = tensors
    names = ordered.compactMap(\.key.string)
    metadata = header.metadata
  }

  /// SHA-256 of the file in hexadecimal.
  public var digest: String { DurableFiles.digest(data) }

  /// The shape of a tensor; nil if there is none of this name.
  public func shape(of name: String) -> [Int]? { tensors[ByteName(name)]?.shape }

  /// The element type of a tensor; nil if there is none of this name.
  public func dtype(of name: String) -> SafetensorsType? { tensors[ByteName(name)]?.dtype }

  /// The numbers of a tensor, row-major.
  ///
  /// - Throws: `SafetensorsError.missingTensor`, or `.wrongType` if it holds other numbers than `Element`s.
  public func values<Element: SafetensorsElement>(
    _ name: String, as type: Element.Type = Element.self
  ) throws(SafetensorsError) -> [Element] {
    guard let place = tensors[ByteName(name)] else { throw .missingTensor(path: path, name: name) }
    guard place.dtype == Element.dtype else {
      throw .wrongType(
        path: path, name: name, expected: Element.dtype.rawValue, found: place.dtype.rawValue)
    }
    return elements(place)
  }

  /// The numbers of a tensor of floats of any precision, each as the nearest `Float`.
  ///
  /// - Throws: `SafetensorsError.missingTensor`, or `.wrongType` if it holds whole numbers.
  public func floats(converting name: String) throws(SafetensorsError) -> [Float] {
    guard let place = tensors[ByteName(name)] else { throw .missingTensor(path: path, name: name) }
    switch place.dtype {
    case .float64: return elements(place, as: Double.self).map { Float($0) }
    case .float16: return elements(place, as: Float16.self).map { Float($0) }
    // The upper half of a Float.
    case .bfloat16: return elements(place, as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    case .float32, .int32, .int64, .uint8, .bool: return try floats(name)
    }
  }

  private func elements<Element: BitwiseCopyable>(_ place: Place, as type: Element.Type = Element.self)
    -> [Element]
  {
    let count = place.range.count / MemoryLayout<Element>.stride
    return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      _ = data.copyBytes(to: UnsafeMutableRawBufferPointer(buffer), from: place.range)
      initialized = count
    }
  }

  /// The numbers of an F32 tensor.
  public func floats(_ name: String) throws(SafetensorsError) -> [Float] { try values(name) }
  /// The numbers of an F64 tensor.
  public func doubles(_ name: String) throws(SafetensorsError) -> [Double] { try values(name) }
  /// The numbers of an I32 tensor.
  public func int32s(_ name: String) throws(SafetensorsError) -> [Int32] { try values(name) }
  /// The numbers of an I64 tensor.
  public func int64s(_ name: String) throws(SafetensorsError) -> [Int64] { try values(name) }
  /// The numbers of a U8 tensor, or of a BOOL tensor, which has a byte for each.
  public func bytes(_ name: String) throws(SafetensorsError) -> [UInt8] {
    if let place = tensors[ByteName(name)], place.dtype == .bool { return elements(place) }
    return try values(name)
  }

  /// shape × element size, or nil if a dimension is negative or the product overflows.
  private static func byteCount(_ shape: [Int], of dtype: SafetensorsType) -> Int? {
    shape.allSatisfy { $0 >= 0 } ? ([dtype.size] + shape).checkedProduct : nil
  }
}
