import Configurations

extension FileParser {
  /// With the tables that can stand in one.
  static let configuration = FileParser(
    "configuration",
    [
      Configuration(dataSource: "shapes").resolvedYAML,
      """
      data:
        source: "folder:/data/a b"   # quoted
        classes: [a, b, "c d"]
      network: {family: resnet, depth: 18, width: 8, inner_channels: [1, 2, 3, 4, 5, 6, 7, 8]}
      objective:
        name: npid
      seed: 18446744073709551615
      augmentation: {crop_scale: [0.2, 1.0]}
      """,
      """
      data: {source: shapes}
      gates:
        target: 12ms
        latency_table:
          - family=resnet depth=18 width=64 input_size=32 dense_macs=555417600
          - batch=64 threads=2 dense=9081.3 fixed=3770.5
          - gate=layer1.0.gate channels=64 open_channel=7.31
      kernels:
        - sluice=1 instruction_set=avx2
        - rows=64 in=64x32x32 out=64 kernel=3 stride=1 padding=1 forward=winograd
      """,
      "a: &a [1, 2]\nb: &b [*a, *a]\ndata: {source: *b}\n",
    ],
    tokens: Configuration.keyNames + [
      ": ", "\n- ", "\n  ", "? ", "&a ", "*a", "!!str ", "!t ", "| \n", "> \n", "{", "}", "[", "]", "#", "'",
      "\"", "---\n",
      "...\n", "%YAML 1.1\n", "<<", "auto", "none", "12ms", "~", "\u{FEFF}", "\u{85}", "\t",
    ]
  ) { _ in
    { bytes in
      let file = try ConfigurationFile(yaml: String(decoding: bytes, as: UTF8.self), path: "input")
      _ = file.printedValues
      _ = try file.resolved(imageSize: 32).resolvedYAML
    }
  }
}
