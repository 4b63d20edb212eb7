import Foundation

/// What a backbone can be written as; raw values are the suffixes of files.
public enum ExportFormat: String, CaseIterable, Sendable {
  /// Tensors by torchvision's names.
  case safetensors
  /// Tensors and the operations that make features of images.
  case onnx

  /// The format that a file's name asks for; nil: none of them.
  public init?(ofFile path: String) { self.init(rawValue: (path as NSString).pathExtension) }
}
