//! Small real files of the kinds that people share.

/// A file as it is uploaded, and the type that its bytes have.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its bytes.
    pub(crate) bytes: &'static [u8],
    /// What it is recognised as.
    pub(crate) content_type: &'static str,
}

pub(crate) const PDF: Sample = Sample {
    name: "requirements.pdf",
    bytes: include_bytes!("../../src/demo/files/requirements.pdf"),
    content_type: "application/pdf",
};
pub(crate) const DOCX: Sample = Sample {
    name: "Finished paper – final.docx",
    bytes: include_bytes!("../../src/demo/files/finished-paper.docx"),
    content_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
};
pub(crate) const PNG: Sample = Sample {
    name: "timetable.png",
    bytes: include_bytes!("../../src/demo/files/timetable.png"),
    content_type: "image/png",
};
pub(crate) const ZIP: Sample = Sample {
    name: "sources.zip",
    bytes: include_bytes!("files/sources.zip"),
    content_type: "application/zip",
};
