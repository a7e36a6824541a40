// Extracts text, tables and key-value pairs from documents.

import { containerWorkload } from '../core/host/container-app.bicep'

@export()
@description('The text service, which the gateway calls.')
func textWorkload(documentIntelligenceEndpoint string, gatewayPrincipalId string) containerWorkload => {
  serviceName: 'text-service'
  external: false
  environmentVariables: {
    ALLOWED_CALLERS: gatewayPrincipalId
    AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT: documentIntelligenceEndpoint
  }
}
