"""Who we are to the broker, and whom we trust: password, certificates, TLS."""

import ssl

from coldwitness.config.secrets import secret_of
from coldwitness.config.settings import MqttSettings
from coldwitness.domain.errors import ConfigError


def password_of(settings: MqttSettings) -> str | None:
    """The password of the settings or of the file they name; raises ConfigError."""
    try:
        return secret_of(settings.password, settings.password_file)
    except OSError as error:
        raise ConfigError(f"mqtt.password_file {settings.password_file}: {error}") from error


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """TLS 1.2 or later, server verified, with a client certificate if one is set."""
    try:
        context = ssl.create_default_context(
            cafile=str(settings.ca_file) if settings.ca_file is not None else None
        )
        if settings.certificate_file is not None:
            context.load_cert_chain(settings.certificate_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"mqtt TLS files: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
