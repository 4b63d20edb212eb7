import Foundation
import Foundations

/// How environments and reports are written: keys in snake_case and in alphabetical order.
public enum DiagnosisJSON {
  public static func encoder(isPretty: Bool = false) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return encoder
  }

  public static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }

  /// A value of ours, which always encodes, as JSON that can be put into other JSON.
  public static func value(_ value: some Encodable) -> JSONValue {
    try! JSONDecoder().decode(JSONValue.self, from: encoder().encode(value))
  }
}
