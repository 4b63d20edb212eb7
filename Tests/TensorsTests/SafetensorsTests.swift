import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct SafetensorsTests {
  /// A file from a header and raw data.
  static func file(_ header: String, data: Data = Data()) -> Data {
    var bytes = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
    return bytes + Data(header.utf8) + data
  }

  @Test func writesTheFormatByteForByte() {
    let bytes = Safetensors.encode(
      [
        .init(name: "b", shape: [2], values: [1, -2] as [Float]),
        .init(name: "a\"\n", shape: [], values: [7] as [UInt8]),
      ], metadata: ["z": "1", "k": "ü"])
    let header =
      #"{"__metadata__":{"k":"ü","z":"1"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""a\"\u000a":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}"#
    let padding = String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(bytes == Self.file(header + padding, data: Data([0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 7])))
  }

  @Test func readsBackWhatItWrote() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("x.safetensors").path
      try Safetensors.write(
        [
          .init(name: "floats", shape: [2, 2], values: [1, .nan, -0.0, .infinity] as [Float]),
          .init(name: "doubles", shape: [1], values: [0.1] as [Double]),
          .init(name: "empty", shape: [0, 3], values: [] as [Float]),
          .init(name: "int64", shape: [2], values: [.min, .max] as [Int64]),
          .init(name: "int32", shape: [1, 1], values: [-5] as [Int32]),
          .init(name: "bytes", shape: [3], values: [0, 128, 255] as [UInt8]),
        ], metadata: ["format": "pt"], to: path)

      let file = try SafetensorsFile(contentsOf: path)
      #expect(Set(file.names) == ["floats", "doubles", "empty", "int64", "int32", "bytes"])
      #expect(file.metadata == ["format": "pt"])
      #expect(
        try file.floats("floats").map(\.bitPattern)
          == [1, Float.nan, -0.0, .infinity].map(\.bitPattern))
      #expect(try file.doubles("doubles") == [0.1])
      #expect(try file.floats("empty") == [])
      #expect(try file.int64s("int64") == [.min, .max])
      #expect(try file.int32s("int32") == [-5])
      #expect(try file.bytes("bytes") == [0, 128, 255])
      #expect(file.shape(of: "floats") == [2, 2])
      #expect(file.dtype(of: "int32") == .int32)
      #expect(file.shape(of: "other") == nil)
      #expect(throws: SafetensorsError.missingTensor(path: path, name: "other")) { try file.floats("other") }
      #expect(throws: SafetensorsError.wrongType(path: path, name: "bytes", expected: "F32", found: "U8")) {
        try file.floats("bytes")
      }
    }
  }

  /// 1, −2 and the smallest number above 0 of 16 bits, in each precision.
  @Test(
    arguments: [
      ("F16", [0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00], [1, -2, 0x1p-24]),
      ("BF16", [0x80, 0x3F, 0x00, 0xC0, 0x01, 0x00], [1, -2, 0x1p-133]),
      ("F32", [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0], [1, -2, 0]),
      (
        "F64", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0] + [UInt8](repeating: 0, count: 8),
        [1, -2, 0]
      ),
    ] as [(String, [UInt8], [Float])])
  func floatsOfAnyPrecisionAreConverted(type: String, bytes: [UInt8], values: [Float]) throws {
    let header = #"{"a":{"dtype":"\#(type)","shape":[3],"data_offsets":[0,\#(bytes.count)]}}"#
    let file = try SafetensorsFile(Self.file(header, data: Data(bytes)), path: "x")
    #expect(try file.floats(converting: "a") == values)
  }

  @Test func wholeNumbersAreNotTakenForFloats() throws {
    let file = try SafetensorsFile(
      Safetensors.encode([.init(name: "a", shape: [1], values: [7] as [Int64])]), path: "x")
    #expect(throws: SafetensorsError.wrongType(path: "x", name: "a", expected: "F32", found: "I64")) {
      try file.floats(converting: "a")
    }
  }

  /// As `String`s two of them are the same.
  @Test func namesAreBytes() throws {
    let names = ["caf\u{E9}", "cafe\u{301}", "a\": {[,", "b"]
    let entries = names.enumerated().map { Safetensors.Entry(name: $1, shape: [1], values: [Float($0)]) }
    let file = try SafetensorsFile(Safetensors.encode(entries), path: "x")
    #expect(file.names.map { Array($0.utf8) } == names.map { Array($0.utf8) })
    for (index, name) in names.enumerated() { #expect(try file.floats(name) == [Float(index)]) }
    #expect(file.shape(of: "caf\u{E8}") == nil)
  }

  @Test func spacesAndEscapesAreJSON() throws {
    let header =
      #" { "\u0061" : {"dtype":"U8", "shape":[2], "data_offsets":[0,2]} , "b\\":"#
      + #"{"data_offsets":[2,4],"dtype":"U8","shape":[2]}} "#
    let file = try SafetensorsFile(
      Self.file(String(header.dropFirst()), data: Data([1, 2, 3, 4])), path: "x")
    #expect(try file.names == ["a", #"b\"#] && file.bytes(#"b\"#) == [3, 4])
  }

  @Test(arguments: [
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
      "'a' is there twice"
    ),
    (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},}"#, "not the expected JSON"),
    (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}} x"#, "not the expected JSON"),
    (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}]"#, "not the expected JSON"),
    (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}"#, "not the expected JSON"),
    (#"{a:{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, "not the expected JSON"),
    (#"{"a"}"#, "not the expected JSON"),
    ("", "fewer than the first field"),
    ("[]", "does not begin with '{'"),
    ("{,}", "not the expected JSON"),
    (#"{"a":{"dtype":"F32","shape":[1]}}"#, "a → data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, "not the expected JSON"),
    (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, "not the expected"),
    (
      #"{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"#,
      "type F8_E4M3; known are F32, F64, F16, BF16, I32, I64, U8"
    ),
    (#"{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,4]}}"#, "shape [1] of BF16 in 4 bytes"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, "data_offsets [0]"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "data_offsets [4, 0]"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, "data_offsets [-4, 0]"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "the file ends at 4"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "shape [2] of F32 in 4 bytes"),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "shape [-1]"),
    (
      #"{"a":{"dtype":"U8","shape":[4611686018427387904,4,4],"data_offsets":[0,0]}}"#,
      "shape [4611686018427387904, 4, 4]"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
        + #""b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
      "'b' shares bytes"
    ),
    (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#, "bytes before 'a'"),
    (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, "2 bytes after the last tensor"),
    (#"{"__metadata__":{"n":1}}"#, "__metadata__"),
  ])
  func saysWhatIsWrongWithAFile(header: String, problem: String) {
    let bytes = header.isEmpty ? Data([1, 2, 3]) : Self.file(header, data: Data(count: 4))
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(bytes, path: "x.safetensors") }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.hasPrefix("x.safetensors: not a valid safetensors file: "))
    #expect(text.contains(problem), "\(text)")
  }

  @Test(arguments: [0, 1, 9, 1 << 20, UInt64(Int64.max), .max])
  func refusesAHeaderLengthBeyondTheFile(length: UInt64) {
    let bytes = withUnsafeBytes(of: length.littleEndian) { Data($0) } + Data("{}      ".utf8)
    #expect(throws: SafetensorsError.self) { try SafetensorsFile(bytes, path: "x") }
  }

  /// Every prefix of a good file, and every single damaged header byte: an error or a file, never a trap.
  @Test func survivesDamage() {
    let good = Safetensors.encode([
      .init(name: "a", shape: [2, 3], values: [Float](repeating: 1, count: 6)),
      .init(name: "b", shape: [2], values: [3, 4] as [Int64]),
    ])
    for length in 0..<good.count {
      #expect(throws: SafetensorsError.self) { try SafetensorsFile(good[..<length], path: "x") }
    }
    for position in 0..<(good.count - 40) {
      for replacement in [0, 0x22, 0x2C, 0x39, 0x7D, 0xFF] as [UInt8] {
        var bad = good
        bad[position] = replacement
        if let file = try? SafetensorsFile(bad, path: "x") {
          for name in file.names { _ = try? file.floats(name) }
        }
      }
    }
  }

  @Test func namesAFileThatIsNotThere() {
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(contentsOf: "no/such.file") }
    #expect(error.map { "\($0)".hasPrefix("no/such.file: cannot be read: ") } == true)
  }

  @Test(.enabled(if: Golden.folder("knn") != nil, "\(Golden.missing("knn"))"))
  func GoldenFilesOfOthersOpen() throws {
    let folder = try #require(Golden.folder("knn"))
    let file = try SafetensorsFile(contentsOf: folder.appendingPathComponent("knn.safetensors").path)
    #expect(file.shape(of: "train") == [200, 16])
    #expect(try file.floats("train").count == 3200)
    #expect(try file.int32s("train_label").allSatisfy { 0..<10 ~= $0 })
  }
}
